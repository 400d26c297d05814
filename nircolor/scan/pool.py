"""Threads for the scan kernels that never fight with torch's own.

OpenMP pools keep spinning for a while after a parallel region, and two pools on one machine (torch's and numba's)
steal each other's cores in every layer. The scan therefore runs on plain Python threads, which sleep on a lock between
calls: the kernels release the GIL, and torch's number of threads is respected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch

T = TypeVar("T")


@cache
def _executor(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="nircolor-scan")


def run(work: Callable[[list[T]], None], units: Sequence[T]) -> None:
    """Call ``work`` on equal shares of ``units``: one share a thread, the first on the calling thread.

    A share is one call, so that ``work`` can keep scratch memory for all of its units.
    """
    threads = min(torch.get_num_threads(), len(units))
    shares = [list(units[i::threads]) for i in range(threads)]
    others = [_executor(threads - 1).submit(work, share) for share in shares[1:]]
    work(shares[0])
    for other in others:
        other.result()
