"""Root, too, may only do what the permissions of files allow: in a child process."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


def obey_rights() -> None:
    """To be called in a child before it becomes another program, as ``preexec_fn``."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def need_rights_that_count() -> None:
    """Skips the test where ``obey_rights`` changes nothing."""
    if not _count():
        pytest.skip("root keeps all its rights on this system")


@cache
def _count() -> bool:
    probe = [sys.executable, "-c", "import os, sys; sys.exit(os.access(sys.argv[1], os.R_OK))"]
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0)
        return subprocess.run([*probe, file.name], check=False, preexec_fn=obey_rights).returncode == 0
