"""Config G of EDM2 (Karras et al. 2024, arXiv 2312.02696) in plain JAX: what XLA driven from TypeScript is timed against.

Written from the paper; equation numbers are the paper's. Tensors are NHWC, filters HWIO, dense weights [in, out]. Parameters
are a dictionary by the state dict's names of the golden files; `from_state_dict` turns its layouts.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Iterator, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

SIGMA_DATA = 0.5
UNCERTAINTY_CHANNELS = 128
BETAS, EPS = (0.9, 0.99), 1e-8
LAYOUT = ("NHWC", "HWIO", "NHWC")

Params = dict[str, Array]


@dataclass(frozen=True)
class Config:
    img_resolution: int
    img_channels: int
    label_dim: int = 0
    model_channels: int = 192
    channel_mult: tuple[int, ...] = (1, 2, 3, 4)
    num_blocks: int = 3
    attn_resolutions: tuple[int, ...] = (16, 8)
    channels_per_head: int = 64


class Block(NamedTuple):
    name: str
    side: str
    cin: int
    cout: int
    resample: str = "keep"
    heads: int = 0
    plain: bool = False  # the first convolution


def plan(cfg: Config) -> Iterator[Block]:
    """Blocks in the order in which they run (Fig. 21)."""
    widths = [cfg.model_channels * m for m in cfg.channel_mult]

    def heads(resolution: int, channels: int) -> int:
        return channels // cfg.channels_per_head if resolution in cfg.attn_resolutions else 0

    c, skips = cfg.img_channels + 1, []
    for level, width in enumerate(widths):
        r = cfg.img_resolution >> level
        if level == 0:
            yield Block(f"enc.{r}x{r}_conv", "enc", c, width, plain=True)
            c = width
        else:
            yield Block(f"enc.{r}x{r}_down", "enc", c, c, "down")
        skips.append(c)
        for i in range(cfg.num_blocks):
            yield Block(f"enc.{r}x{r}_block{i}", "enc", c, width, heads=heads(r, width))
            c = width
            skips.append(c)
    for level, width in reversed(list(enumerate(widths))):
        r = cfg.img_resolution >> level
        if level == len(widths) - 1:
            yield Block(f"dec.{r}x{r}_in0", "dec", c, c, heads=c // cfg.channels_per_head)
            yield Block(f"dec.{r}x{r}_in1", "dec", c, c)
        else:
            yield Block(f"dec.{r}x{r}_up", "dec", c, c, "up")
        for i in range(cfg.num_blocks + 1):
            yield Block(f"dec.{r}x{r}_block{i}", "dec", c + skips.pop(), width, heads=heads(r, width))
            c = width


# ---- parameters


def init(cfg: Config, seed: int = 0) -> Params:
    """Unit normal weights; gains of 0.5, so that no branch is trivially zero."""
    random = np.random.default_rng(seed)
    cnoise, cemb = cfg.model_channels * cfg.channel_mult[0], cfg.model_channels * max(cfg.channel_mult)
    shapes: dict[str, tuple[int, ...]] = {"unet.emb_noise.weight": (cnoise, cemb), "logvar_linear.weight": (UNCERTAINTY_CHANNELS, 1)}
    if cfg.label_dim:
        shapes["unet.emb_label.weight"] = (cfg.label_dim, cemb)
    for block in plan(cfg):
        name, cin, cout = f"unet.{block.name}", block.cin, block.cout
        if block.plain:
            shapes[f"{name}.weight"] = (3, 3, cin, cout)
            continue
        shapes |= {f"{name}.emb_gain": (), f"{name}.emb_linear.weight": (cemb, cout)}
        shapes |= {f"{name}.conv_res0.weight": (3, 3, cout if block.side == "enc" else cin, cout), f"{name}.conv_res1.weight": (3, 3, cout, cout)}
        if cin != cout:
            shapes[f"{name}.conv_skip.weight"] = (1, 1, cin, cout)
        if block.heads:
            shapes |= {f"{name}.attn_qkv.weight": (1, 1, cout, 3 * cout), f"{name}.attn_proj.weight": (1, 1, cout, cout)}
    shapes |= {"unet.out_gain": (), "unet.out_conv.weight": (3, 3, cnoise, cfg.img_channels)}
    params = {name: jnp.full((), 0.5, jnp.float32) if shape == () else jnp.asarray(random.standard_normal(shape, np.float32)) for name, shape in shapes.items()}
    for name, channels in (("unet.emb_fourier", cnoise), ("logvar_fourier", UNCERTAINTY_CHANNELS)):
        params[f"{name}.freqs"] = jnp.asarray(2 * math.pi * random.standard_normal(channels, np.float32))
        params[f"{name}.phases"] = jnp.asarray(2 * math.pi * random.random(channels, np.float32))
    return params


def from_state_dict(arrays: dict[str, np.ndarray]) -> Params:
    """PyTorch's layouts into these: OIHW to HWIO, [out, in] to [in, out], gains [1] to scalars."""
    turned = {}
    for name, a in arrays.items():
        if name.endswith("_gain"):
            a = a.reshape(())
        elif a.ndim == 4:
            a = a.transpose(2, 3, 1, 0)
        elif a.ndim == 2:
            a = a.T
        turned[name] = jnp.asarray(a, jnp.float32)
    return turned


def is_trained(name: str) -> bool:
    """Frequencies and phases are drawn once and stay."""
    return not name.endswith((".freqs", ".phases"))


# ---- magnitude-preserving functions


def normalize(x: Array, axes: int | tuple[int, ...], gain: Array | float = 1.0, eps: float = 1e-4) -> Array:
    """gain·x over eps + RMS along axes (eq. 30 and 47)."""
    rms = jnp.sqrt(jnp.mean(jnp.square(x.astype(jnp.float32)), axis=axes, keepdims=True))
    return x * (gain / (eps + rms)).astype(x.dtype)


def weight_norm(w: Array, gain: Array | float = 1.0) -> Array:
    return normalize(w, tuple(range(w.ndim - 1)), gain)


def effective(w: Array, gain: Array | float = 1.0) -> Array:
    """What a layer multiplies with: normalised at every use, scaled by the root of its inputs."""
    return weight_norm(w, gain / math.sqrt(w.size / w.shape[-1]))


def mp_silu(x: Array) -> Array:
    return jax.nn.silu(x) / 0.596


def mp_sum(a: Array, b: Array, t: float) -> Array:
    return (a + t * (b - a)) / math.hypot(1 - t, t)


def mp_cat(a: Array, b: Array, t: float = 0.5) -> Array:
    na, nb = a.shape[-1], b.shape[-1]
    c = math.sqrt((na + nb) / ((1 - t) ** 2 + t**2))
    return jnp.concatenate([a * (c * (1 - t) / math.sqrt(na)), b * (c * t / math.sqrt(nb))], axis=-1)


def mp_fourier(c: Array, params: Params, name: str) -> Array:
    """Eq. 75."""
    return math.sqrt(2) * jnp.cos(jnp.outer(c, params[f"{name}.freqs"]) + params[f"{name}.phases"])


# ---- the network


class Layers:
    """Products with weights that are normalised at every use, or, frozen, are ready."""

    def __init__(self, params: Params, dtype: jnp.dtype, frozen: bool = False):
        self.params, self.dtype, self.frozen = params, dtype, frozen

    def weight(self, name: str, gain: Array | float = 1.0) -> Array:
        w = self.params[f"{name}.weight"]
        return (w if self.frozen else effective(w, gain)).astype(self.dtype)

    def gain(self, name: str) -> Array | float:
        return 1.0 if self.frozen else self.params[name]

    def conv(self, x: Array, name: str, gain: Array | float = 1.0) -> Array:
        return lax.conv_general_dilated(x.astype(self.dtype), self.weight(name, gain), (1, 1), "SAME", dimension_numbers=LAYOUT)

    def dense(self, x: Array, name: str, gain: Array | float = 1.0) -> Array:
        return x.astype(self.dtype) @ self.weight(name, gain)


def run_block(layers: Layers, block: Block, x: Array, emb: Array) -> Array:
    name = f"unet.{block.name}"
    n, h, w, c = x.shape
    if block.resample == "down":
        x = x.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))
    elif block.resample == "up":
        x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
    skip = block.cin != block.cout
    if block.side == "enc":
        x = normalize(layers.conv(x, f"{name}.conv_skip") if skip else x, -1)
    y = layers.conv(mp_silu(x), f"{name}.conv_res0")
    scale = layers.dense(emb, f"{name}.emb_linear", layers.gain(f"{name}.emb_gain")) + 1
    y = layers.conv(mp_silu(y * scale[:, None, None, :].astype(y.dtype)), f"{name}.conv_res1")
    if block.side == "dec" and skip:
        x = layers.conv(x, f"{name}.conv_skip")
    x = mp_sum(x, y, 0.3)
    if block.heads:
        x = mp_sum(x, attention(layers, block, x), 0.3)
    return jnp.clip(x, -256, 256)


def attention(layers: Layers, block: Block, x: Array) -> Array:
    n, h, w, c = x.shape
    name = f"unet.{block.name}"
    # [n, pixel, head, channel in head, (q, k, v)]
    qkv = layers.conv(x, f"{name}.attn_qkv").reshape(n, h * w, block.heads, c // block.heads, 3)
    q, k, v = (part.squeeze(-1) for part in jnp.split(normalize(qkv, 3), 3, axis=-1))
    logits = jnp.einsum("nqhc,nkhc->nhqk", q, k, preferred_element_type=jnp.float32) / math.sqrt(c // block.heads)
    weights = jax.nn.softmax(logits, axis=-1).astype(v.dtype)
    y = jnp.einsum("nhqk,nkhc->nqhc", weights, v)
    return layers.conv(y.reshape(n, h, w, c), f"{name}.attn_proj")


def unet(layers: Layers, cfg: Config, x: Array, c_noise: Array, labels: Array | None) -> Array:
    """Noise features and embedding are float32, the rest is in the layers' type."""
    wide = Layers(layers.params, jnp.float32, layers.frozen)
    emb = wide.dense(mp_fourier(c_noise, layers.params, "unet.emb_fourier"), "unet.emb_noise")
    if cfg.label_dim:
        labels = jnp.zeros((x.shape[0], cfg.label_dim)) if labels is None else labels
        emb = mp_sum(emb, wide.dense(labels * math.sqrt(cfg.label_dim), "unet.emb_label"), 0.5)
    emb = mp_silu(emb)

    x = jnp.concatenate([x, jnp.ones_like(x[..., :1])], axis=-1).astype(layers.dtype)
    skips = []
    for block in plan(cfg):
        if block.plain:
            x = layers.conv(x, f"unet.{block.name}")
        elif block.side == "dec" and "block" in block.name:
            x = run_block(layers, block, mp_cat(x, skips.pop()), emb)
        else:
            x = run_block(layers, block, x, emb)
        if block.side == "enc":
            skips.append(x)
    return layers.conv(x, "unet.out_conv", layers.gain("unet.out_gain"))


def denoise(params: Params, cfg: Config, x: Array, sigma: Array, labels: Array | None, dtype: jnp.dtype = jnp.float32, frozen: bool = False) -> Array:
    """`D(x; σ) = c_skip·x + c_out·F(c_in·x, ln(σ)/4, label)`."""
    s = sigma.reshape(-1, 1, 1, 1)
    total = s**2 + SIGMA_DATA**2
    f = unet(Layers(params, dtype, frozen), cfg, x * lax.rsqrt(total), jnp.log(sigma) / 4, labels).astype(jnp.float32)
    return x * (SIGMA_DATA**2 / total) + f * (s * SIGMA_DATA * lax.rsqrt(total))


def uncertainty(params: Params, sigma: Array) -> Array:
    features = mp_fourier(jnp.log(sigma) / 4, params, "logvar_fourier")
    return (features @ effective(params["logvar_linear.weight"])).reshape(-1, 1, 1, 1)


def freeze(params: Params) -> Params:
    """Effective weights, gains included: what a sampler runs."""
    frozen = {}
    for name, w in params.items():
        if not name.endswith(".weight"):
            frozen[name] = w
            continue
        gain = params.get(name.replace("emb_linear.weight", "emb_gain") if "emb_linear" in name else name.replace("out_conv.weight", "out_gain"), 1.0)
        frozen[name] = effective(w, gain if gain is not w else 1.0)
    return frozen


# ---- training


class State(NamedTuple):
    params: Params
    first: Params
    second: Params
    averages: list[Params]
    step: Array


def start(params: Params, averages: int = 2) -> State:
    trained = {name: p for name, p in params.items() if is_trained(name)}
    zeros = lambda: jax.tree.map(jnp.zeros_like, trained)  # noqa: E731
    return State(params, zeros(), zeros(), [jax.tree.map(jnp.array, trained) for _ in range(averages)], jnp.zeros((), jnp.int32))


def force_norm(params: Params) -> Params:
    """Forced weight normalisation (eq. 66)."""
    return {name: weight_norm(p) if name.endswith(".weight") else p for name, p in params.items()}


def loss_map(params: Params, cfg: Config, batch: dict[str, Array], dtype: jnp.dtype = jnp.float32) -> Array:
    """Per-element uncertainty loss (eq. 14 to 21); `noise` has unit variance."""
    images, sigma, labels = batch["images"], batch["sigma"], batch.get("labels")
    s = sigma.reshape(-1, 1, 1, 1)
    weight = (s**2 + SIGMA_DATA**2) / (s * SIGMA_DATA) ** 2
    u = uncertainty(params, sigma)
    error = denoise(params, cfg, images + batch["noise"] * s, sigma, labels, dtype) - images
    return weight / jnp.exp(u) * error**2 + u


def gradients(params: Params, cfg: Config, batch: dict[str, Array], dtype: jnp.dtype = jnp.float32) -> tuple[Array, Params]:
    """The loss map summed over pixels and channels, averaged over images; of what is trained."""
    fixed = {name: p for name, p in params.items() if not is_trained(name)}

    def loss(trained: Params) -> Array:
        return loss_map(trained | fixed, cfg, batch, dtype).sum() / batch["images"].shape[0]

    return jax.value_and_grad(loss)({name: p for name, p in params.items() if is_trained(name)})


@partial(jax.jit, static_argnames=("cfg", "gammas", "dtype"), donate_argnames="state")
def train_step(state: State, batch: dict[str, Array], learning_rate: Array, t: Array, dt: Array, *, cfg: Config, gammas: tuple[float, ...], dtype: jnp.dtype = jnp.float32) -> tuple[State, Array]:
    """Forced normalisation, loss, gradients, non-finite ones to 0, Adam, power-function averages. t: images seen after this step."""
    params = force_norm(state.params)
    loss, grads = gradients(params, cfg, batch, dtype)
    grads = jax.tree.map(lambda g: jnp.where(jnp.isfinite(g), g, 0), grads)
    step, (b1, b2) = state.step + 1, BETAS
    first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.first, grads)
    second = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, state.second, grads)
    corrected1, corrected2 = 1 - b1**step, 1 - b2**step
    moved = {name: params[name] - learning_rate * (first[name] / corrected1) / (jnp.sqrt(second[name] / corrected2) + EPS) for name in grads}
    betas = [(1 - dt / t) ** (gamma + 1) for gamma in gammas]
    averages = [jax.tree.map(lambda a, p: a + (1 - beta) * (p - a), track, moved) for beta, track in zip(betas, state.averages)]
    return State(params | moved, first, second, averages, step), loss


def sigma_rel_to_gamma(sigma_rel: float) -> float:
    """Eq. 126: the largest real root of γ³ + 7γ² + (16 − σ⁻²)γ + (12 − σ⁻²)."""
    inverse = sigma_rel**-2
    return float(max(root.real for root in np.roots([1, 7, 16 - inverse, 12 - inverse]) if abs(root.imag) < 1e-9))
