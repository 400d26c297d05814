"""What several tests need: the development data where it is there, and rendered pairs where it is not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The order of additions depends on the number of threads, and with it the last bits of a sum. Processes that tests
# start have one thread; this one too, so that bytes can be compared. Two would wait for each other beside a busy core.
os.environ["OMP_NUM_THREADS"] = "1"

# Who starts the tests in the background may ignore Ctrl-C, and so would all processes that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What some machines set, and what would reach all processes that tests start: colours, widths, a way to the network.
for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERMINAL_WIDTH"):
    os.environ.pop(name, None)
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"  # where all servers of the tests are

# Machines are shared: a slow example says something about the neighbours, not about the code. The examples are the same
# each time: what fails by chance says nothing about the change that is tested. ``--hypothesis-profile=search`` draws
# others.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", unhurried, derandomize=True)
settings.register_profile("search", unhurried, derandomize=False, print_blob=True)
settings.load_profile("same")

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data beside the repository; tests that need it skip on a machine without."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not on this machine")
    return SHARED
