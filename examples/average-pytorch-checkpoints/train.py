"""A PyTorch training loop that tracks two power-function averages and stores them as safetensors: what wrote checkpoints/.

    pip install torch safetensors && python train.py
"""

import os

import numpy as np
import torch
from safetensors.torch import save_file

BATCH, STEPS, SNAPSHOT_EVERY = 16, 2000, 250


def gamma_of(sigma_rel):
    s = sigma_rel**-2
    return np.roots([1, 7, 16 - s, 12 - s]).real.max()


torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
averages = {s: {k: v.clone() for k, v in net.state_dict().items()} for s in (0.05, 0.10)}
os.makedirs("checkpoints", exist_ok=True)

for step in range(1, STEPS + 1):
    x = torch.rand(BATCH, 1) * 2 - 1
    y = torch.sin(3 * x) + 0.7 * torch.randn(BATCH, 1)
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(net(x), y).backward()
    optimizer.step()
    t, dt = step * BATCH, BATCH
    for s, ema in averages.items():
        beta = (1 - dt / t) ** (gamma_of(s) + 1)
        for k, v in net.state_dict().items():
            ema[k].lerp_(v, 1 - beta)
    if step % SNAPSHOT_EVERY == 0:
        for s, ema in averages.items():
            save_file(
                ema, f"checkpoints/net-{t // 1000:07d}-{s:.3f}.safetensors", metadata={"sigmaRel": str(s), "nimg": str(t)}
            )
save_file(net.state_dict(), "raw.safetensors")
