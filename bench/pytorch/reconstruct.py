"""Post-hoc averages from safetensors snapshots, as a careful Python user would write it.

For each output o: Σ_i weights[o][i]·file_i, tensor by tensor, so that only one tensor per output is summed at a time. Sums
in float64; results in the type stored, and on the disk when it returns, as ours are.
"""

import os

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def reconstruct(files: list[str], weights: list[list[float]], outputs: list[str]) -> None:
    readers = [safe_open(file, "pt") for file in files]
    shares = torch.tensor(weights, dtype=torch.float64)
    results: list[dict[str, torch.Tensor]] = [{} for _ in outputs]
    for name in readers[0].keys():
        totals = None
        for i, reader in enumerate(readers):
            value = reader.get_tensor(name)
            if totals is None:
                totals = torch.zeros(len(outputs), value.numel(), dtype=torch.float64)
            totals.addr_(shares[:, i], value.flatten().double())
        for result, total in zip(results, totals):
            result[name] = total.reshape(value.shape).to(value.dtype)
    for path, result in zip(outputs, results):
        save_file(result, path)
        with open(path, "rb") as file:
            os.fsync(file.fileno())
