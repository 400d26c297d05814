"""What several tests need: the development data where it is there, and rendered pairs where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared: a slow example says something about the neighbours, not about the code.
settings.register_profile("nircolor", deadline=None)
settings.load_profile("nircolor")

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data beside the repository; tests that need it skip on a machine without."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not on this machine")
    return SHARED
