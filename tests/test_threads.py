"""Threads that wait for work sleep: by the environment, or by a crowd where torch was there first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nircolor.threads import DECISIVE, QUIET, let_sleep

ROOT = Path(__file__).resolve().parents[1]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="torch brings libgomp on Linux alone")


def told(program: str, **environment: str) -> tuple[str, str]:
    """What a Python says that has nothing set but ``environment``."""
    usual = {name: value for name, value in os.environ.items() if name not in DECISIVE}
    env = {**usual, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2", **environment}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


@LINUX
def test_libgomp_does_not_spin_once_the_package_was_imported() -> None:
    _, seen = told("import nircolor.device", OMP_DISPLAY_ENV="VERBOSE")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in seen
    assert "GOMP_SPINCOUNT = '0'" in seen


@LINUX
def test_libgomp_spins_where_the_user_wants_it() -> None:
    _, seen = told("import nircolor.device", OMP_DISPLAY_ENV="VERBOSE", GOMP_SPINCOUNT="777")
    assert "GOMP_SPINCOUNT = '777'" in seen


@pytest.mark.parametrize("name", DECISIVE)
def test_what_the_user_has_set_stays_and_nothing_is_added(name: str) -> None:
    environment = {name: "1", "PATH": ""}
    assert not let_sleep(environment, loaded=True)
    assert environment == {name: "1", "PATH": ""}


@pytest.mark.parametrize("loaded", [False, True])
def test_children_inherit_it_and_what_comes_too_late_is_told(loaded: bool) -> None:
    environment: dict[str, str] = {}
    assert let_sleep(environment, loaded) is loaded
    assert environment == QUIET


CROWD = """
import os{first}
import nircolor, torch
from nircolor.device import choose_device
torch.zeros(1 << 20).add_(1)
before = len(os.listdir("/proc/self/task"))
choose_device("cpu")
choose_device("cpu")
print(len(os.listdir("/proc/self/task")) - before, {{name: os.environ.get(name) for name in {names}}})
"""


@LINUX
@pytest.mark.parametrize("first", ["", ", torch"])
def test_a_torch_that_was_there_first_gets_a_crowd(first: str) -> None:
    """Teams of two: each that is kept asleep is two threads, and there are more threads than cores."""
    out, _ = told(CROWD.format(first=first, names=sorted(QUIET)))
    added = 2 * ((os.cpu_count() or 1) - 1) if first else 0
    assert out == f"{added} {dict(sorted(QUIET.items()))}\n"


@LINUX
def test_no_crowd_where_the_user_has_decided() -> None:
    out, _ = told(CROWD.format(first=", torch", names=[]), OMP_WAIT_POLICY="active")
    assert out == "0 {}\n"
