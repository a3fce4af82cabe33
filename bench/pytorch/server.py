"""Peer process of the benchmarks: one JSON job a line on stdin, one JSON answer a line on stdout.

    {"work": "info"}                                            -> {"torch": ..., "numpy": ..., "python": ..., "threads": ...}
    {"work": "step" | "forward", "net": {...}, "batch": 4,
     "runs": 3, "channelsLast": false, "compile": false,
     "autocast": null | "bfloat16" | "float16",
     "device": "cpu" | "cuda:0"}                                -> {"ms": [...]}
    {"work": "first", "net": {...}, ...}                        -> {} after one step, without warm-up
    {"work": "vae", "kind": "encode" | "decode",
     "config": {...}, "side": 256, "batch": 1, "runs": 3}       -> {"ms": [...]}
    {"work": "features", "net": "inception" | "dinov2-...",
     "shape": {...}, "folder": ..., "runs": 3,
     "output": optional .safetensors}                           -> {"ms": [...]}
    {"work": "distance", "files": [..., ...]}                   -> {"ms": [...], "value": ...}: SciPy's sqrtm
    {"work": "held"}                                            -> {"maxRss": MiB}: the most that was ever resident
    {"work": "reconstruct", "files": [...], "weights": [[...]],
     "outputs": [...], "dtype": null | "float32",
     "way": "numpy" | "pytorch" | "by tensor"}                  -> {"ms": [...], "maxRss": MiB}
    {"work": "convert", "folder": ..., "side": 64,
     "processes": 2, "runs": 3}                                 -> {"ms": [...]}
    anything that fails                                         -> {"error": "..."}

A job's network is made and warmed up the first time it is asked for, and kept, so that the caller can take turns with it.
The process has OMP_NUM_THREADS threads from its start.
"""

import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch

from edm2 import Config, Denoiser, Trainer, autocast_to
from vae import Autoencoder

WARM_UP = 3
WARM_UP_AT_MOST = 5  # seconds: a run of seconds is warm sooner
LEARNING_RATE = 0.01
TYPES = {None: None, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Job:
    """What a prepared run depends on; the network's options as JSON, so that it can be a key."""

    kind: str
    net: str
    batch: int
    channels_last: bool
    compiled: bool
    autocast: str | None
    device: str


def job_of(kind: str, job: dict) -> Job:
    net = json.dumps(job["net"], sort_keys=True)
    last, compiled = job.get("channelsLast", False), job.get("compile", False)
    return Job(kind, net, job["batch"], last, compiled, job.get("autocast"), job.get("device", "cpu"))


@lru_cache(maxsize=None)
def prepare(job: Job) -> Callable[[], None]:
    torch.manual_seed(0)
    if job.device.startswith("cuda"):
        # As fast as it can: TF32, which TensorFlow uses too, and the best of cuDNN's algorithms.
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    batch = job.batch
    cfg = Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(job.net).items()})
    layout = torch.channels_last if job.channels_last else torch.contiguous_format
    model = Denoiser(cfg).to(job.device, memory_format=layout)
    with torch.no_grad():
        # Away from 0, so that no branch is trivially zero.
        for name, p in model.named_parameters():
            if name.endswith("gain"):
                p.fill_(0.5)
    shape = (batch, cfg.img_channels, cfg.img_resolution, cfg.img_resolution)
    images = (torch.randn(shape) * 0.5).to(job.device, memory_format=layout)
    noise = torch.randn(shape).to(job.device, memory_format=layout)
    sigma = (torch.randn(batch) - 0.4).exp().to(job.device)
    labels = torch.eye(cfg.label_dim)[torch.arange(batch) % cfg.label_dim].to(job.device) if cfg.label_dim else None
    dtype = TYPES[job.autocast]

    if job.kind == "forward":
        denoise = torch.compile(model.freeze(), dynamic=False) if job.compiled else model.freeze()

        @torch.inference_mode()
        def run() -> None:
            with autocast_to(dtype, job.device):
                denoise(images, sigma, labels)
            # A GPU works on after the call has returned. (A step reads its loss back, at its end.)
            if job.device.startswith("cuda"):
                torch.cuda.synchronize()

        return run

    trainer = Trainer(model, compiled=job.compiled, autocast=dtype)
    data = {"images": images, "sigma": sigma, "noise": noise, "labels": labels}
    step = 0

    def run() -> None:
        nonlocal step
        step += 1
        trainer.step(data, LEARNING_RATE, t=step * batch, dt=batch)
        # The loss does not wait for the averages.
        if job.device.startswith("cuda"):
            torch.cuda.synchronize()

    return run


@lru_cache(maxsize=None)
def warm(job: Job) -> Callable[[], None]:
    run, start = prepare(job), time.perf_counter()
    for _ in range(WARM_UP):
        run()
        if time.perf_counter() - start > WARM_UP_AT_MOST:
            break
    return run


@lru_cache(maxsize=None)
def autoencoder(config: str) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(json.loads(config)).eval()


@lru_cache(maxsize=None)
def prepare_vae(kind: str, config: str, side: int, batch: int) -> Callable[[], None]:
    vae = autoencoder(config)
    channels, size = (vae.encoder.conv_in.in_channels, side) if kind == "encode" else (vae.post_quant_conv.in_channels, side // 8)
    x = torch.randn(batch, channels, size, size)

    @torch.inference_mode()
    def run() -> None:
        (vae.encode if kind == "encode" else vae.decode)(x)

    run()
    return run


@dataclass
class Features:
    run: Callable[[], None]
    last: "torch.Tensor | None" = None


@lru_cache(maxsize=1)
def prepare_features(net: str, shape: str, folder: str) -> Features:
    from safetensors.torch import load_file

    from features import load

    model = load(net, json.loads(shape), os.path.join(folder, "weights.safetensors"))
    images = load_file(os.path.join(folder, "images.safetensors"))["images"]

    @torch.inference_mode()
    def run() -> None:
        made.last = model(images)

    made = Features(run)
    start = time.perf_counter()
    for _ in range(WARM_UP):
        run()
        if time.perf_counter() - start > WARM_UP_AT_MOST:
            break
    return made


def features(job: dict) -> dict:
    made = prepare_features(job["net"], json.dumps(job.get("shape"), sort_keys=True), job["folder"])
    ms = [timed(made.run) for _ in range(job["runs"])]
    if job.get("output"):
        from safetensors.torch import save_file

        save_file({"features": made.last.contiguous()}, job["output"])
    return {"ms": ms}


@lru_cache(maxsize=2)
def statistics(path: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path) as file:
        return file["mu"], file["sigma"]


def distance(first: str, second: str) -> dict:
    """The published formula, `|m1 - m2|^2 + tr(s1 + s2 - 2 (s1 s2)^(1/2))`."""
    from scipy.linalg import sqrtm

    (mu1, sigma1), (mu2, sigma2) = statistics(first), statistics(second)
    start = time.perf_counter()
    root = sqrtm(sigma1 @ sigma2)
    value = np.square(mu1 - mu2).sum() + np.trace(sigma1) + np.trace(sigma2) - 2 * np.trace(np.real(root))
    return {"ms": [(time.perf_counter() - start) * 1e3], "value": float(value)}


def timed(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def max_rss() -> float:
    import resource  # not on Windows

    # In kilobytes, but in bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def answer(job: dict) -> dict:
    work = job["work"]
    if work == "info":
        return {
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "threads": torch.get_num_threads(),
        }
    if work in ("step", "forward"):
        run = warm(job_of(work, job))
        return {"ms": [timed(run) for _ in range(job.get("runs", 1))]}
    if work == "first":
        prepare(job_of("step", job))()
        return {}
    if work == "vae":
        run = prepare_vae(job["kind"], json.dumps(job["config"], sort_keys=True), job["side"], job["batch"])
        return {"ms": [timed(run) for _ in range(job.get("runs", 1))]}
    if work == "features":
        return features(job)
    if work == "distance":
        return distance(*job["files"])
    if work == "held":
        return {"maxRss": max_rss()}
    if work == "reconstruct":
        from reconstruct import WAYS

        way = WAYS[job.get("way", "numpy")]
        ms = [timed(lambda: way(job["files"], job["weights"], job["outputs"], job.get("dtype")))]
        return {"ms": ms, "maxRss": max_rss()}
    if work == "convert":
        from photos import convert_all

        return {"ms": convert_all(job["folder"], job["side"], job["processes"], job["runs"])}
    raise ValueError(f"expected work to be info, step, forward, first, vae, features, distance, held, reconstruct or convert, got {work!r}")


def main() -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as error:  # the caller shows it in its row
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
