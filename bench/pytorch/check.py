"""Checks the PyTorch counterpart against test/golden: forward pass, gradients and the stored training trace."""

import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from edm2 import Config, Denoiser, Trainer, loss_map
from vae import Autoencoder

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
# float32 against float32 by another order of summation; the bounds are the TypeScript tests' own.
BOUNDS = {"forward": 2e-5, "uncertainty": 2e-5, "frozen": 2e-5, "loss map": 2e-5, "gradients": 2e-4, "losses": 1e-4, "after 1": 2e-3, "after 4": 2e-3, "ema 0.050": 2e-3, "ema 0.100": 2e-3, "mean": 1e-5, "logvar": 1e-5, "std": 1e-5, "decoded": 1e-5}


def relative_error(actual: torch.Tensor, expected: torch.Tensor) -> float:
    a, e = actual.detach().double().flatten(), expected.double().flatten()
    return float((a - e).norm() / e.norm().clamp(min=1e-30))


def check(name: str) -> dict[str, float]:
    with safe_open(GOLDEN / f"{name}.safetensors", "pt") as file:
        meta, arrays = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}
    config = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(meta["config"]).items()}
    labels = arrays.get("fwd.labels")

    def load() -> Denoiser:
        net = Denoiser(Config(**config))
        # Scalars are stored as [1].
        net.load_state_dict({k: arrays[f"init.{k}"].reshape(v.shape) for k, v in net.state_dict().items()})
        return net

    net, errors = load(), {}
    x, sigma = arrays["fwd.x"], arrays["fwd.sigma"].flatten()
    with torch.no_grad():
        errors["forward"] = relative_error(net(x, sigma, labels), arrays["fwd.denoised"])
        errors["uncertainty"] = relative_error(net.uncertainty(sigma), arrays["fwd.logvar"])
        if labels is not None:
            errors["forward"] = max(errors["forward"], relative_error(net(x, sigma), arrays["fwd.denoised_nolabel"]))
        errors["frozen"] = relative_error(load().freeze()(x, sigma, labels), arrays["fwd.denoised"])

    def batch(s: int) -> dict:
        return {
            "images": arrays["train.images"][s],
            "sigma": (arrays["train.rnd_normal"][s].flatten() - 0.4).exp(),
            "noise": arrays["train.noise_unit"][s],
            "labels": arrays["train.labels"][s] if "train.labels" in arrays else None,
        }

    net.force_norm()
    loss = loss_map(net, **batch(0))
    errors["loss map"] = relative_error(loss, arrays["train.loss_map0"])
    (loss.sum() / len(loss)).backward()
    errors["gradients"] = max(relative_error(p.grad, arrays[f"train.grad0.{k}"]) for k, p in net.named_parameters())

    net = load()
    trainer, size, losses = Trainer(net), int(meta["batch"]), []
    names = [k for k, _ in net.named_parameters()]

    def worst(values: list[torch.Tensor], prefix: str) -> float:
        return max(relative_error(v, arrays[f"{prefix}.{k}"]) for k, v in zip(names, values))

    for s, rate in enumerate(json.loads(meta["lrs"])):
        elements = batch(s)["images"].numel()
        losses.append(trainer.step(batch(s), rate, t=(s + 1) * size, dt=size) * size / elements)
        if s == 0:
            errors["after 1"] = worst(trainer.parameters, "train.after1")
    errors["losses"] = relative_error(torch.tensor(losses), torch.tensor(json.loads(meta["losses"])))
    errors["after 4"] = worst(trainer.parameters, "train.after4")
    for sigma_rel, track in zip(("0.050", "0.100"), trainer.tracks):
        errors[f"ema {sigma_rel}"] = worst(track, f"train.ema-{sigma_rel}")
    return errors


def check_vae(name: str) -> dict[str, float]:
    with safe_open(GOLDEN / f"{name}.safetensors", "pt") as file:
        meta, arrays = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}
    vae = Autoencoder(json.loads(meta["config"]))
    vae.load_state_dict(load_file(GOLDEN / "vae-tiny" / "diffusion_pytorch_model.safetensors"))
    with torch.no_grad():
        results = dict(zip(("mean", "logvar", "std"), vae.encode(arrays["x"])), decoded=vae.decode(arrays["z"]))
    return {key: relative_error(value, arrays[key]) for key, value in results.items()}


if __name__ == "__main__":
    torch.manual_seed(0)
    failed = False
    for name in ("unet-latent", "unet-rgb-uncond", "vae"):
        print(name)
        for what, error in (check_vae if name == "vae" else check)(name).items():
            bad = not error <= BOUNDS[what]
            failed |= bad
            print(f"  {what:12} {error:.2e}  (at most {BOUNDS[what]:.0e}){'  FAILED' if bad else ''}")
    sys.exit(failed)
