"""Post-hoc averages from safetensors snapshots with numpy and safetensors, as a careful Python user would write it.

For each output o: Σ_i weights[o][i]·file_i, tensor by tensor, so that memory stays at one tensor × outputs. Sums in
float64, results stored as float32.
"""

import json
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file


def reconstruct(files: list[str], weights: list[list[float]], outputs: list[str]) -> None:
    readers = [safe_open(file, "np") for file in files]
    results: list[dict[str, np.ndarray]] = [{} for _ in outputs]
    for name in readers[0].keys():
        sums: list[np.ndarray] = []
        for i, reader in enumerate(readers):
            value = reader.get_tensor(name).astype(np.float64)
            if not sums:
                sums = [np.zeros_like(value) for _ in outputs]
            for total, row in zip(sums, weights):
                total += row[i] * value
        for result, total in zip(results, sums):
            result[name] = total.astype(np.float32)
    for path, result in zip(outputs, results):
        save_file(result, path)


if __name__ == "__main__":
    job = json.load(sys.stdin)
    reconstruct(job["files"], job["weights"], job["outputs"])
