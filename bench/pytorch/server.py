"""Peer process of the benchmarks: one JSON job a line on stdin, one JSON answer a line on stdout.

    {"work": "info"}                                            -> {"torch": ..., "numpy": ..., "python": ..., "threads": ...}
    {"work": "step" | "forward", "net": {...}, "batch": 4,
     "channelsLast": false, "runs": 3}                          -> {"ms": [...]}
    {"work": "first", "net": {...}, "batch": 4}                 -> {} after one step, without warm-up
    {"work": "reconstruct", "files": [...], "weights": [[...]],
     "outputs": [...]}                                          -> {"ms": [...], "maxRss": MiB}
    anything that fails                                         -> {"error": "..."}

A job's network is made and warmed up the first time it is asked for, and kept, so that the caller can take turns with it.
"""

import json
import os
import platform
import sys
import time
from functools import lru_cache

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch

from edm2 import Config, Denoiser, Trainer

WARM_UP = 3
LEARNING_RATE = 0.01


def prepare(kind: str, net: str, batch: int, channels_last: bool):
    torch.manual_seed(0)
    cfg = Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(net).items()})
    model = Denoiser(cfg)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    model = model.to(memory_format=layout)
    with torch.no_grad():
        # Away from 0, so that no branch is trivially zero.
        for name, p in model.named_parameters():
            if name.endswith("gain"):
                p.fill_(0.5)
    shape = (batch, cfg.img_channels, cfg.img_resolution, cfg.img_resolution)
    images = (torch.randn(shape) * 0.5).contiguous(memory_format=layout)
    noise = torch.randn(shape).contiguous(memory_format=layout)
    sigma = (torch.randn(batch) - 0.4).exp()
    labels = torch.eye(cfg.label_dim)[torch.arange(batch) % cfg.label_dim] if cfg.label_dim else None

    if kind == "forward":
        model.freeze()

        @torch.inference_mode()
        def run() -> None:
            model(images, sigma, labels)

        return run

    trainer = Trainer(model)
    data = {"images": images, "sigma": sigma, "noise": noise, "labels": labels}
    step = 0

    def run() -> None:
        nonlocal step
        step += 1
        trainer.step(data, LEARNING_RATE, t=step * batch, dt=batch)

    return run


@lru_cache(maxsize=None)
def prepared(kind: str, net: str, batch: int, channels_last: bool):
    run = prepare(kind, net, batch, channels_last)
    for _ in range(WARM_UP):
        run()
    return run


def timed(run) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


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
        run = prepared(work, json.dumps(job["net"], sort_keys=True), job["batch"], job.get("channelsLast", False))
        return {"ms": [timed(run) for _ in range(job.get("runs", 1))]}
    if work == "first":
        prepare("step", json.dumps(job["net"]), job["batch"], False)()
        return {}
    if work == "reconstruct":
        import resource  # not on Windows

        from reconstruct import reconstruct

        ms = [timed(lambda: reconstruct(job["files"], job["weights"], job["outputs"]))]
        # In kilobytes, but in bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        return {"ms": ms, "maxRss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20}
    raise ValueError(f"expected work to be info, step, forward, first or reconstruct, got {work!r}")


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
