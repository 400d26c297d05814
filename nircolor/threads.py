"""Threads that wait for work sleep, so that other programs of the machine have the core meanwhile: torch's, and ours.

torch shares each step among OpenMP threads, which wait for each other by spinning. Where another program wants the same
cores, all wait for the one that it holds up, and burn what it would need: a folder of small pictures took five times as
long beside one busy program, 86 s where it takes 18 s alone, and 21 s with threads that sleep.

OpenMP looks at the environment when its library is loaded, and whoever needs torch first loads it. So the package
sets it when it is imported, which comes before any import of torch of ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, MutableMapping, Sequence
from functools import cache
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

QUIET = {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}
"""For libgomp, which torch brings on Linux, and for LLVM's and Intel's, which it brings elsewhere."""

DECISIVE = (*QUIET, "GOMP_SPINCOUNT", "KMP_LIBRARY")
"""Whoever sets one of these has decided how threads wait."""

_STEP = 1 << 15  # elements that torch leaves to one thread


def let_sleep(environment: MutableMapping[str, str], loaded: bool) -> bool:
    """Have threads sleep that wait, unless ``environment`` says how they shall wait; children inherit it.

    Returns whether that comes too late for this process, where torch is ``loaded`` already: see ``crowd``.
    """
    if any(name in environment for name in DECISIVE):
        return False
    environment.update(QUIET)
    return loaded


def settle() -> None:
    """Before the first work of torch on a CPU: make up for what came too late. A second call does nothing."""
    if LATE and sys.platform == "linux":  # elsewhere it is not libgomp
        crowd(os.cpu_count() or 1)


@cache
def crowd(cpus: int) -> int:
    """Have libgomp's threads sleep although it is loaded: where it manages more threads than there are cores, those
    that wait sleep at once (``gomp_throttled_spin_count_var`` in its ``env.c``). So other threads let torch give each
    of them a team, and sleep for ever. Returns how many.
    """
    import torch

    team = torch.get_num_threads()
    needed = (cpus - team) // (team - 1) + 1 if team > 1 else 0  # team + needed (team - 1) > cpus
    for _ in range(needed):
        _keep_team(torch.zeros(team * _STEP))
    return needed


def spread(work: Callable[[list[T]], None], units: Sequence[T], threads: int) -> None:
    """Call ``work`` on equal shares of ``units``: one share a thread, the first on the calling thread.

    A share is one call, so that ``work`` can keep scratch memory for all of its units. It pays where ``work`` lets go
    of Python's lock, as numpy, OpenCV and numba's kernels do. They are plain threads, which sleep on a lock between
    calls: OpenMP pools keep spinning, and two of them on one machine (torch's and numba's) steal each other's cores.
    """
    threads = max(1, min(threads, len(units)))
    shares = [list(units[i::threads]) for i in range(threads)]
    others = [_executor(threads - 1).submit(work, share) for share in shares[1:]]
    work(shares[0])
    for other in others:
        other.result()


@cache
def _executor(workers: int) -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # not for who asks for help only

    return ThreadPoolExecutor(workers, thread_name_prefix="nircolor")


def _keep_team(work: object) -> None:
    made = Event()

    def wait() -> None:
        work.add_(1)  # type: ignore[attr-defined]
        made.set()
        Event().wait()

    Thread(target=wait, name="nircolor-crowd", daemon=True).start()
    made.wait()


LATE = let_sleep(os.environ, "torch" in sys.modules)
