"""Config G of EDM2 (Karras et al. 2024, arXiv 2312.02696) in plain PyTorch: what the TypeScript packages are timed against.

Written from the paper; equation numbers are the paper's. Tensors are NCHW, filters OIHW. Parameter names are the state
dict's of the golden files.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import ContextManager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIGMA_DATA = 0.5
UNCERTAINTY_CHANNELS = 128


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


# ---- magnitude-preserving functions


def normalize(x: Tensor, dim: int | tuple[int, ...], gain: Tensor | float = 1.0, eps: float = 1e-4) -> Tensor:
    """gain·x over eps + RMS along dim (eq. 30 and 47). The factor is made first, so that x is passed over once."""
    norm = torch.linalg.vector_norm(x, dim=dim, keepdim=True)
    return x * (gain / torch.add(eps, norm, alpha=math.sqrt(norm.numel() / x.numel())))


def weight_norm(w: Tensor, gain: Tensor | float = 1.0) -> Tensor:
    return normalize(w, tuple(range(1, w.ndim)), gain)


def mp_silu(x: Tensor) -> Tensor:
    return F.silu(x) / 0.596


def mp_sum(a: Tensor, b: Tensor, t: float) -> Tensor:
    # Under autocast b may come from a convolution in 16 bit and a from a sum in float32.
    return torch.lerp(a, b.to(a.dtype), t) / math.hypot(1 - t, t)


def mp_cat(a: Tensor, b: Tensor, t: float = 0.5) -> Tensor:
    na, nb = a.shape[1], b.shape[1]
    c = math.sqrt((na + nb) / ((1 - t) ** 2 + t**2))
    return torch.cat([a * (c * (1 - t) / math.sqrt(na)), b * (c * t / math.sqrt(nb))], dim=1)


class MPFourier(nn.Module):
    """Eq. 75: fixed random frequencies and phases, saved and never trained."""

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("freqs", 2 * math.pi * torch.randn(channels))
        self.register_buffer("phases", 2 * math.pi * torch.rand(channels))

    def forward(self, c: Tensor) -> Tensor:
        return math.sqrt(2) * torch.cos(torch.outer(c, self.freqs) + self.phases)


class MPLayer(nn.Module):
    """A weight that is normalised at every use (eq. 47): a convolution when it has a kernel, else a linear layer."""

    def __init__(self, channels_in: int, channels_out: int, *kernel: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, *kernel))
        self.frozen: Tensor | None = None

    def forward(self, x: Tensor, gain: Tensor | float = 1.0) -> Tensor:
        w = self.frozen
        if w is None:
            w = self.effective(gain)
        return F.linear(x, w) if w.ndim == 2 else F.conv2d(x, w, padding=w.shape[-1] // 2)

    def effective(self, gain: Tensor | float) -> Tensor:
        return weight_norm(self.weight, gain / math.sqrt(self.weight[0].numel()))

    @torch.no_grad()
    def force_norm(self) -> None:
        """Forced weight normalisation (eq. 66): the stored weight itself."""
        self.weight.copy_(weight_norm(self.weight))

    @torch.no_grad()
    def freeze(self, gain: Tensor | float = 1.0) -> None:
        """Fixes the effective weight, for sampling."""
        w = self.effective(gain)
        # Where the module lives in channels_last, its constants should too.
        last = w.ndim == 4 and self.weight.is_contiguous(memory_format=torch.channels_last)
        self.frozen = w.contiguous(memory_format=torch.channels_last) if last else w.contiguous()


# ---- the network


class Block(nn.Module):
    def __init__(self, cin: int, cout: int, cemb: int, *, encoder: bool, resample: str = "keep", heads: int = 0):
        super().__init__()
        self.encoder, self.resample, self.heads = encoder, resample, heads
        self.emb_gain = nn.Parameter(torch.zeros(()))
        self.conv_res0 = MPLayer(cout if encoder else cin, cout, 3, 3)
        self.emb_linear = MPLayer(cemb, cout)
        self.conv_res1 = MPLayer(cout, cout, 3, 3)
        self.conv_skip = MPLayer(cin, cout, 1, 1) if cin != cout else None
        self.attn_qkv = MPLayer(cout, 3 * cout, 1, 1) if heads else None
        self.attn_proj = MPLayer(cout, cout, 1, 1) if heads else None

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        if self.resample == "down":
            x = F.avg_pool2d(x, 2)
        elif self.resample == "up":
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        if self.encoder:
            if self.conv_skip is not None:
                x = self.conv_skip(x)
            x = normalize(x, 1)

        y = self.conv_res0(mp_silu(x))
        scale = self.emb_linear(emb, gain=self.emb_gain) + 1
        y = self.conv_res1(mp_silu(y * scale[:, :, None, None]))

        if not self.encoder and self.conv_skip is not None:
            x = self.conv_skip(x)
        x = mp_sum(x, y, 0.3)
        if self.heads:
            x = mp_sum(x, self.attention(x), 0.3)
        return x.clamp(-256, 256)

    def attention(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        # [n, head, channel in head, (q, k, v), pixel]
        qkv = normalize(self.attn_qkv(x).reshape(n, self.heads, c // self.heads, 3, h * w), 2)
        q, k, v = (part.transpose(2, 3).contiguous() for part in qkv.unbind(3))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.attn_proj(y.transpose(2, 3).reshape(n, c, h, w))


class UNet(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.label_dim = cfg.label_dim
        widths = [cfg.model_channels * m for m in cfg.channel_mult]
        cnoise, cemb = widths[0], max(widths)
        self.emb_fourier = MPFourier(cnoise)
        self.emb_noise = MPLayer(cnoise, cemb)
        self.emb_label = MPLayer(cfg.label_dim, cemb) if cfg.label_dim else None
        self.out_gain = nn.Parameter(torch.zeros(()))

        def heads(resolution: int, channels: int) -> int:
            return channels // cfg.channels_per_head if resolution in cfg.attn_resolutions else 0

        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        c, skips = cfg.img_channels + 1, []
        for level, width in enumerate(widths):
            r = cfg.img_resolution >> level
            if level == 0:
                self.enc[f"{r}x{r}_conv"] = MPLayer(c, width, 3, 3)
                c = width
            else:
                self.enc[f"{r}x{r}_down"] = Block(c, c, cemb, encoder=True, resample="down")
            skips.append(c)
            for i in range(cfg.num_blocks):
                self.enc[f"{r}x{r}_block{i}"] = Block(c, width, cemb, encoder=True, heads=heads(r, width))
                c = width
                skips.append(c)
        for level, width in reversed(list(enumerate(widths))):
            r = cfg.img_resolution >> level
            if level == len(widths) - 1:
                self.dec[f"{r}x{r}_in0"] = Block(c, c, cemb, encoder=False, heads=c // cfg.channels_per_head)
                self.dec[f"{r}x{r}_in1"] = Block(c, c, cemb, encoder=False)
            else:
                self.dec[f"{r}x{r}_up"] = Block(c, c, cemb, encoder=False, resample="up")
            for i in range(cfg.num_blocks + 1):
                cin = c + skips.pop()
                self.dec[f"{r}x{r}_block{i}"] = Block(cin, width, cemb, encoder=False, heads=heads(r, width))
                c = width
        self.out_conv = MPLayer(c, cfg.img_channels, 3, 3)

    def forward(self, x: Tensor, c_noise: Tensor, labels: Tensor | None) -> Tensor:
        emb = self.emb_noise(self.emb_fourier(c_noise))
        if self.emb_label is not None:
            if labels is None:
                labels = x.new_zeros(x.shape[0], self.label_dim)
            emb = mp_sum(emb, self.emb_label(labels * math.sqrt(self.label_dim)), 0.5)
        emb = mp_silu(emb)

        x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
        skips = []
        for layer in self.enc.values():
            x = layer(x, emb) if isinstance(layer, Block) else layer(x)
            skips.append(x)
        for name, block in self.dec.items():
            x = block(mp_cat(x, skips.pop()) if "block" in name else x, emb)
        return self.out_conv(x, gain=self.out_gain)


class Denoiser(nn.Module):
    """Preconditioning and the uncertainty head; `D(x; σ) = c_skip·x + c_out·F(c_in·x, ln(σ)/4, label)`."""

    def __init__(self, cfg: Config):
        super().__init__()
        self.unet = UNet(cfg)
        self.logvar_fourier = MPFourier(UNCERTAINTY_CHANNELS)
        self.logvar_linear = MPLayer(UNCERTAINTY_CHANNELS, 1)

    def forward(self, x: Tensor, sigma: Tensor, labels: Tensor | None = None) -> Tensor:
        s = sigma.reshape(-1, 1, 1, 1)
        total = s**2 + SIGMA_DATA**2
        f = self.unet(x * total.rsqrt(), sigma.log() / 4, labels)
        return x * (SIGMA_DATA**2 / total) + f * (s * SIGMA_DATA * total.rsqrt())

    def uncertainty(self, sigma: Tensor) -> Tensor:
        return self.logvar_linear(self.logvar_fourier(sigma.log() / 4)).reshape(-1, 1, 1, 1)

    def force_norm(self) -> None:
        for module in self.modules():
            if isinstance(module, MPLayer):
                module.force_norm()

    def freeze(self) -> "Denoiser":
        """Fixes every effective weight, gains included: what a sampler runs."""
        for module in self.modules():
            if isinstance(module, MPLayer):
                module.freeze()
        for module in self.modules():
            if isinstance(module, Block):
                module.emb_linear.freeze(module.emb_gain)
        self.unet.out_conv.freeze(self.unet.out_gain)
        return self.requires_grad_(False).eval()


# ---- training


def loss_map(net: Denoiser, images: Tensor, sigma: Tensor, noise: Tensor, labels: Tensor | None) -> Tensor:
    """Per-element uncertainty loss (eq. 14 to 21); `noise` has unit variance."""
    s = sigma.reshape(-1, 1, 1, 1)
    weight = (s**2 + SIGMA_DATA**2) / (s * SIGMA_DATA) ** 2
    u = net.uncertainty(sigma)
    error = net(images + noise * s, sigma, labels) - images
    return weight / u.exp() * error**2 + u


def mean_loss(net: Denoiser, batch: dict) -> Tensor:
    """The loss map summed over pixels and channels, averaged over images."""
    return loss_map(net, **batch).sum() / batch["images"].shape[0]


class Trainer:
    """The full step: forced normalisation, loss, gradients, non-finite replacement, Adam, power-function EMA tracks.

    compiled: loss and gradients go through torch.compile, the rest is fused or foreach already.
    autocast: forward pass and loss run under torch.autocast in this type; parameters, moments and averages stay float32.
    """

    def __init__(
        self,
        net: Denoiser,
        sigma_rels: tuple[float, ...] = (0.05, 0.10),
        compiled: bool = False,
        autocast: torch.dtype | None = None,
    ):
        self.net, self.autocast = net, autocast
        self.loss = torch.compile(mean_loss, dynamic=False) if compiled else mean_loss
        self.parameters = list(net.parameters())
        self.adam = torch.optim.Adam(self.parameters, betas=(0.9, 0.99), eps=1e-8, fused=True)
        self.gammas = [sigma_rel_to_gamma(s) for s in sigma_rels]
        self.tracks = [[p.detach().clone() for p in self.parameters] for _ in sigma_rels]

    def step(self, batch: dict, learning_rate: float, t: float, dt: float) -> float:
        """t: images seen after this step; dt: images in it. Returns the loss summed over the batch's map per image."""
        loss = self.begin(batch)
        replace_non_finite([p.grad for p in self.parameters])
        self.finish(learning_rate, t, dt)
        return loss.item()

    def queue_step(self, batch: dict, learning_rate: float, t: float, dt: float) -> Tensor:
        """As `step`, without ever waiting for the device."""
        loss = self.begin(batch)
        for p in self.parameters:
            torch.nan_to_num(p.grad, nan=0, posinf=0, neginf=0, out=p.grad)
        self.finish(learning_rate, t, dt)
        return loss

    def begin(self, batch: dict) -> Tensor:
        self.net.force_norm()
        self.adam.zero_grad(set_to_none=True)
        with autocast_to(self.autocast, batch["images"].device.type):
            loss = self.loss(self.net, batch)
        loss.backward()
        return loss.detach()

    def finish(self, learning_rate: float, t: float, dt: float) -> None:
        self.adam.param_groups[0]["lr"] = learning_rate
        self.adam.step()
        values = [p.detach() for p in self.parameters]
        for gamma, track in zip(self.gammas, self.tracks):
            torch._foreach_lerp_(track, values, 1 - (1 - dt / t) ** (gamma + 1))


def autocast_to(dtype: torch.dtype | None, device: str) -> ContextManager:
    return nullcontext() if dtype is None else torch.autocast(device, dtype)


def replace_non_finite(grads: list[Tensor]) -> None:
    # One pass that only reads decides; the pass that writes is rarely needed.
    if not torch.stack(torch._foreach_norm(grads)).isfinite().all():
        for g in grads:
            torch.nan_to_num(g, nan=0, posinf=0, neginf=0, out=g)


def sigma_rel_to_gamma(sigma_rel: float) -> float:
    """Eq. 126: the largest real root of γ³ + 7γ² + (16 − σ⁻²)γ + (12 − σ⁻²), by bisection."""
    inverse = sigma_rel**-2
    low, high = 0.0, 1.0

    def f(g: float) -> float:
        return ((g + 7) * g + 16 - inverse) * g + 12 - inverse

    while f(high) < 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if f(middle) > 0 else (middle, high)
    return high
