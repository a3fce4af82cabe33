"""Checks the JAX counterpart against test/golden: forward pass, gradients and the stored training trace."""

import json
import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import safe_open

import edm2

jax.config.update("jax_default_matmul_precision", "highest")
GOLDEN = Path(os.environ.get("EDM2_GOLDEN", Path(__file__).resolve().parents[2] / "test" / "golden"))
# float32 against float32 by another order of summation; the bounds are the TypeScript tests' own.
BOUNDS = {"forward": 2e-5, "frozen": 2e-5, "loss map": 2e-5, "gradients": 2e-4, "losses": 1e-4, "after 4": 2e-3, "ema 0.050": 2e-3, "ema 0.100": 2e-3}


def relative_error(actual: np.ndarray, expected: np.ndarray) -> float:
    a, e = np.asarray(actual, np.float64).ravel(), np.asarray(expected, np.float64).ravel()
    return float(np.linalg.norm(a - e) / max(np.linalg.norm(e), 1e-30))


def check(name: str) -> dict[str, float]:
    with safe_open(GOLDEN / f"{name}.safetensors", "np") as file:
        meta, arrays = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}
    cfg = edm2.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(meta["config"]).items()})
    nhwc = lambda a: jnp.asarray(np.moveaxis(a, -3, -1), jnp.float32)  # noqa: E731
    under = lambda prefix: edm2.from_state_dict({k[len(prefix) :]: a for k, a in arrays.items() if k.startswith(prefix)})  # noqa: E731
    labels = arrays.get("fwd.labels")
    params, errors = under("init."), {}
    assert {k: v.shape for k, v in edm2.init(cfg).items()} == {k: v.shape for k, v in params.items()}
    x, sigma, expected = nhwc(arrays["fwd.x"]), jnp.asarray(arrays["fwd.sigma"], jnp.float32).ravel(), nhwc(arrays["fwd.denoised"])
    errors["forward"] = relative_error(edm2.denoise(params, cfg, x, sigma, labels), expected)
    errors["frozen"] = relative_error(edm2.denoise(edm2.freeze(params), cfg, x, sigma, labels, frozen=True), expected)

    def batch(s: int) -> dict:
        made = {
            "images": nhwc(arrays["train.images"][s]),
            "sigma": jnp.exp(jnp.asarray(arrays["train.rnd_normal"][s], jnp.float32).ravel() - 0.4),
            "noise": nhwc(arrays["train.noise_unit"][s]),
        }
        return made | ({"labels": jnp.asarray(arrays["train.labels"][s], jnp.float32)} if "train.labels" in arrays else {})

    forced = edm2.force_norm(params)
    errors["loss map"] = relative_error(edm2.loss_map(forced, cfg, batch(0)), nhwc(arrays["train.loss_map0"]))
    _, grads = edm2.gradients(forced, cfg, batch(0))
    worst = lambda got, prefix: max(relative_error(got[k], e) for k, e in under(prefix).items())  # noqa: E731
    errors["gradients"] = worst(grads, "train.grad0.")

    state, size, losses = edm2.start(params), int(meta["batch"]), []
    gammas = tuple(edm2.sigma_rel_to_gamma(s) for s in (0.05, 0.10))
    for s, rate in enumerate(json.loads(meta["lrs"])):
        data = batch(s)
        state, loss = edm2.train_step(state, data, rate, (s + 1.0) * size, float(size), cfg=cfg, gammas=gammas)
        losses.append(float(loss) * size / data["images"].size)
    errors["losses"] = relative_error(np.array(losses), np.array(json.loads(meta["losses"])))
    errors["after 4"] = worst(state.params, "train.after4.")
    for sigma_rel, track in zip(("0.050", "0.100"), state.averages):
        errors[f"ema {sigma_rel}"] = worst(track, f"train.ema-{sigma_rel}.")
    return errors


if __name__ == "__main__":
    failed = False
    for name in ("unet-latent", "unet-rgb-uncond"):
        print(name)
        for what, error in check(name).items():
            bad = not error <= BOUNDS[what]
            failed |= bad
            print(f"  {what:12} {error:.2e}  (at most {BOUNDS[what]:.0e}){'  FAILED' if bad else ''}")
    sys.exit(failed)
