"""Post-hoc averages from safetensors snapshots: for each output o, Σ_i weights[o][i]·file_i. Results are on the disk when it returns,
as ours are."""

import os

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import load_file
from safetensors.torch import save_file as save_tensors

PIECE = 1 << 16


def in_pytorch(files: list[str], weights: list[list[float]], outputs: list[str], dtype: str | None = None) -> None:
    """As most would write it: every file loaded, one running sum per output, in float32."""
    sums: list[dict[str, torch.Tensor]] = []
    for i, file in enumerate(files):
        tensors = load_file(file)
        sums = sums or [{n: torch.zeros(v.shape) for n, v in tensors.items()} for _ in outputs]
        for name, tensor in tensors.items():
            values = tensor.float()
            for total, row in zip(sums, weights):
                total[name].add_(values, alpha=row[i])
    for path, total in zip(outputs, sums):
        write({name: value.to(stored(tensors[name], dtype)) for name, value in total.items()}, path)


def by_tensor(files: list[str], weights: list[list[float]], outputs: list[str], dtype: str | None = None) -> None:
    """To save memory: tensor by tensor over all files, in float32."""
    readers = [safe_open(file, "pt") for file in files]
    results: list[dict[str, torch.Tensor]] = [{} for _ in outputs]
    for name in readers[0].keys():
        sums: list[torch.Tensor] = []
        for i, reader in enumerate(readers):
            tensor = reader.get_tensor(name)
            values = tensor.float()
            sums = sums or [torch.zeros_like(values) for _ in outputs]
            for total, row in zip(sums, weights):
                total.add_(values, alpha=row[i])
        for result, total in zip(results, sums):
            result[name] = total.to(stored(tensor, dtype))
    for path, result in zip(outputs, results):
        write(result, path)


def stored(tensor: torch.Tensor, dtype: str | None) -> torch.dtype:
    return tensor.dtype if dtype is None else getattr(torch, dtype)


def write(tensors: dict[str, torch.Tensor], path: str) -> None:
    save_tensors(tensors, path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def in_numpy(files: list[str], weights: list[list[float]], outputs: list[str], dtype: str | None = None) -> None:
    """Careful: tensor by tensor, so that only one per output is summed at a time, in pieces that stay in the cache, in float64."""
    readers = [safe_open(file, "np") for file in files]
    results: list[dict[str, np.ndarray]] = [{} for _ in outputs]
    wide, product = np.empty(PIECE), np.empty(PIECE)
    for name in readers[0].keys():
        totals = None
        for i, reader in enumerate(readers):
            tensor = reader.get_tensor(name)
            values = tensor.ravel()
            if totals is None:
                totals = np.zeros((len(outputs), values.size))
            for start in range(0, values.size, PIECE):
                end = min(start + PIECE, values.size)
                wide_part, part = wide[: end - start], product[: end - start]
                wide_part[...] = values[start:end]
                for total, row in zip(totals, weights):
                    np.multiply(wide_part, row[i], out=part)
                    total[start:end] += part
        for result, total in zip(results, totals):
            result[name] = total.reshape(tensor.shape).astype(dtype or tensor.dtype)
    for path, result in zip(outputs, results):
        save_file(result, path)
        with open(path, "rb") as file:
            os.fsync(file.fileno())


WAYS = {"numpy": in_numpy, "pytorch": in_pytorch, "by tensor": by_tensor}
