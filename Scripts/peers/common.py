"""Timing shared by the peer programs: the same protocol as `augq bench` (warm-up, least of several runs)."""
import json
import sys
import time


def require_torch():
    try:
        import torch
    except ImportError:
        sys.exit("PyTorch is missing. Make a virtual environment outside the repository and run: pip install torch numpy")
    return torch


def least_ms(body, budget=1.0, least_runs=3):
    """Returns the least time of one call in milliseconds."""
    body()
    best, runs, begin = float("inf"), 0, time.perf_counter()
    while runs < least_runs or time.perf_counter() - begin < budget:
        start = time.perf_counter()
        body()
        best = min(best, time.perf_counter() - start)
        runs += 1
    return best * 1e3


def report(work, peer, threads, milliseconds):
    """Prints one JSON object a line; `work` is spelt as `augq bench` spells it."""
    print(json.dumps({"work": work, "peer": peer, "threads": threads, "ms": milliseconds}), flush=True)
