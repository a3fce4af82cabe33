"""Photographs to small squares with Pillow, as anybody would on all cores: a process for each, boxes of two by two while the short side is
at least twice the result, then bicubic, then the middle; PNG without compression."""

import io
import os
import time
from multiprocessing import get_context

from PIL import Image


def convert(job: tuple[str, int]) -> int:
    path, side = job
    image = Image.open(path).convert("RGB")
    while min(image.size) >= 2 * side:
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    scale = side / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    file = io.BytesIO()
    image.crop((left, top, left + side, top + side)).save(file, "PNG", compress_level=0)
    return len(file.getvalue())


def convert_all(folder: str, side: int, processes: int, runs: int) -> list[float]:
    """Milliseconds of each run; processes are started before."""
    jobs = [(os.path.join(folder, name), side) for name in sorted(os.listdir(folder))]
    ms = []
    with get_context("spawn").Pool(processes) as pool:
        pool.map(convert, jobs[:processes], chunksize=1)
        for _ in range(runs):
            start = time.perf_counter()
            pool.map(convert, jobs, chunksize=1)
            ms.append((time.perf_counter() - start) * 1000)
    return ms
