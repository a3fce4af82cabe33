"""JAX's side of `bench gpu`; `--device gpu | cpu`. The protocol: ../peer_loop.py."""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
DEVICE = sys.argv[sys.argv.index("--device") + 1] if "--device" in sys.argv else "gpu"
if DEVICE == "cpu":
    os.environ["JAX_PLATFORMS"] = "cpu"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import jax.numpy as jnp
import numpy as np

import edm2
from peer_loop import serve

# As TypeScript's side has them: products of 16 bit, of TF32's 11 bits, or of every digit.
MATMUL = {"float32": "highest", "tf32": "tensorfloat32", "bfloat16": "highest"}
LEARNING_RATE = 0.01


def inputs(cfg: edm2.Config, batch: int) -> dict:
    random = np.random.default_rng(0)
    shape = (batch, cfg.img_resolution, cfg.img_resolution, cfg.img_channels)
    made = {
        "images": random.standard_normal(shape, np.float32) * 0.5,
        "noise": random.standard_normal(shape, np.float32),
        "sigma": np.exp(random.standard_normal(batch, np.float32) - 0.4),
    }
    if cfg.label_dim:
        made["labels"] = np.eye(cfg.label_dim, dtype=np.float32)[np.arange(batch) % cfg.label_dim]
    return jax.tree.map(jnp.asarray, made)


class Step:
    def __init__(self, cfg: edm2.Config, batch: int, dtype: jnp.dtype):
        self.cfg, self.batch, self.dtype = cfg, batch, dtype
        self.data = inputs(cfg, batch)
        self.state = edm2.start(edm2.init(cfg))
        self.gammas = tuple(edm2.sigma_rel_to_gamma(s) for s in (0.05, 0.10))
        self.images, self.loss = 0.0, None

    def call(self) -> None:
        self.images += self.batch
        self.state, self.loss = edm2.train_step(
            self.state, self.data, LEARNING_RATE, self.images, float(self.batch), cfg=self.cfg, gammas=self.gammas, dtype=self.dtype
        )

    def wait(self) -> None:
        jax.block_until_ready((self.state, self.loss))


class Forward:
    """Weights are constants of the compiled function, as a sampler has them."""

    def __init__(self, cfg: edm2.Config, batch: int, dtype: jnp.dtype):
        frozen = jax.jit(edm2.freeze)(edm2.init(cfg))
        self.data = inputs(cfg, batch)
        self.denoise = jax.jit(lambda params, x, sigma, labels: edm2.denoise(params, cfg, x, sigma, labels, dtype, frozen=True))
        # As arguments: XLA would fold hundreds of megabytes of constants while it compiles.
        self.frozen, self.out = frozen, None

    def call(self) -> None:
        data = self.data
        self.out = self.denoise(self.frozen, data["images"], data["sigma"], data.get("labels"))

    def wait(self) -> None:
        jax.block_until_ready(self.out)


def prepare(job: dict) -> "Step | Forward":
    jax.config.update("jax_default_matmul_precision", MATMUL[job["precision"]])
    cfg = edm2.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in job["net"].items()})
    dtype = jnp.bfloat16 if job["precision"] == "bfloat16" else jnp.float32
    return (Step if job["kind"] == "step" else Forward)(cfg, job["batch"], dtype)


def peak() -> int | None:
    stats = jax.devices()[0].memory_stats()
    return stats.get("peak_bytes_in_use") if stats else None


if __name__ == "__main__":
    serve(
        info=lambda: {"version": f"JAX {jax.__version__}", "device": jax.devices()[0].device_kind},
        prepare=prepare,
        peak=peak,
        forget=jax.clear_caches,
    )
