"""PyTorch's side of `bench gpu`; `--device gpu | cpu`, `--compile`. The protocol: ../peer_loop.py."""

import sys
from pathlib import Path

DEVICE = "cpu" if "--device" in sys.argv and sys.argv[sys.argv.index("--device") + 1] == "cpu" else "cuda:0"
COMPILE = "--compile" in sys.argv
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from edm2 import Config, Denoiser, Trainer, autocast_to
from peer_loop import serve

LEARNING_RATE = 0.01


def network(cfg: Config, layout: torch.memory_format) -> Denoiser:
    torch.manual_seed(0)
    model = Denoiser(cfg).to(DEVICE, memory_format=layout)
    with torch.no_grad():
        # Away from 0, so that no branch is trivially zero.
        for name, p in model.named_parameters():
            if name.endswith("gain"):
                p.fill_(0.5)
    return model


def inputs(cfg: Config, batch: int, layout: torch.memory_format) -> dict:
    shape = (batch, cfg.img_channels, cfg.img_resolution, cfg.img_resolution)
    labels = torch.eye(cfg.label_dim)[torch.arange(batch) % cfg.label_dim].to(DEVICE) if cfg.label_dim else None
    return {
        "images": (torch.randn(shape) * 0.5).to(DEVICE, memory_format=layout),
        "noise": torch.randn(shape).to(DEVICE, memory_format=layout),
        "sigma": (torch.randn(batch) - 0.4).exp().to(DEVICE),
        "labels": labels,
    }


def wait() -> None:
    if DEVICE != "cpu":
        torch.cuda.synchronize()


class Step:
    wait = staticmethod(wait)

    def __init__(self, cfg: Config, batch: int, dtype: torch.dtype | None, layout: torch.memory_format):
        self.trainer = Trainer(network(cfg, layout), compiled=COMPILE, autocast=dtype)
        self.data, self.batch, self.images = inputs(cfg, batch, layout), batch, 0

    def call(self) -> None:
        self.images += self.batch
        self.trainer.queue_step(self.data, LEARNING_RATE, t=self.images, dt=self.batch)


class Forward:
    wait = staticmethod(wait)

    def __init__(self, cfg: Config, batch: int, dtype: torch.dtype | None, layout: torch.memory_format):
        model = network(cfg, layout).freeze()
        self.denoise = torch.compile(model, dynamic=False) if COMPILE else model
        data = inputs(cfg, batch, layout)
        self.args, self.dtype = (data["images"], data["sigma"], data["labels"]), dtype

    @torch.inference_mode()
    def call(self) -> None:
        with autocast_to(self.dtype, DEVICE.split(":")[0]):
            self.denoise(*self.args)


def prepare(job: dict) -> "Step | Forward":
    # TF32 or every digit; the best of cuDNN's algorithms.
    torch.set_float32_matmul_precision("highest" if job["precision"] == "float32" else "high")
    torch.backends.cudnn.allow_tf32 = job["precision"] != "float32"
    torch.backends.cudnn.benchmark = True
    cfg = Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in job["net"].items()})
    half = job["precision"] == "bfloat16"
    # As PyTorch's manual has it for tensor cores. On a CPU NCHW is quicker.
    layout = torch.channels_last if half and DEVICE != "cpu" else torch.contiguous_format
    return (Step if job["kind"] == "step" else Forward)(cfg, job["batch"], torch.bfloat16 if half else None, layout)


def forget() -> None:
    torch._dynamo.reset()
    if DEVICE != "cpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    serve(
        info=lambda: {"version": f"PyTorch {torch.__version__}", "device": "cpu" if DEVICE == "cpu" else torch.cuda.get_device_name(0)},
        prepare=prepare,
        peak=lambda: None if DEVICE == "cpu" else torch.cuda.max_memory_allocated(),
        forget=forget,
    )
