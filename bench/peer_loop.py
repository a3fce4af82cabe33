"""What the Python sides of `bench gpu` share: one JSON job a line on stdin, one JSON answer a line on stdout.

    {"work": "info"}                                     -> {"version": ..., "device": ...}
    {"work": "prepare", "kind": "step" | "forward",
     "net": {...}, "batch": 4,
     "precision": "float32" | "tf32" | "bfloat16"}       -> {"seconds": ...}: made, compiled, run once
    {"work": "measure", "runs": 8}                       -> {"ms": of each call, "peak": bytes}: calls queued, waited for once
    {"work": "forget"}                                   -> {}
    anything that fails                                  -> {"error": "..."}
"""

import json
import sys
import time
from typing import Callable, Protocol


class Work(Protocol):
    """Queues one call of the work; waits for all that is queued."""

    def call(self) -> None: ...
    def wait(self) -> None: ...


def serve(info: Callable[[], dict], prepare: Callable[[dict], Work], peak: Callable[[], int | None], forget: Callable[[], None]) -> None:
    work: Work | None = None

    def answer(job: dict) -> dict:
        nonlocal work
        if job["work"] == "info":
            return info()
        if job["work"] == "forget":
            work = None
            forget()
            return {}
        if job["work"] == "prepare":
            work = None
            forget()
            start = time.perf_counter()
            work = prepare(job)
            for _ in range(2):
                work.call()
                work.wait()
            return {"seconds": time.perf_counter() - start}
        if job["work"] == "measure" and work is not None:
            start = time.perf_counter()
            for _ in range(job["runs"]):
                work.call()
            work.wait()
            return {"ms": (time.perf_counter() - start) * 1e3 / job["runs"], "peak": peak()}
        raise ValueError(f"expected info, prepare, measure after it, or forget, got {job['work']!r}")

    out = sys.stdout
    sys.stdout = sys.stderr  # libraries print
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as error:  # the caller shows it in its row
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), file=out, flush=True)
