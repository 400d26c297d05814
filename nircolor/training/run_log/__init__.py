"""What a training run leaves for people to look at: numbers, curves, pictures and one page, all in its folder."""

from __future__ import annotations

from nircolor.training.run_log.run_log import RunLog

__all__ = ["RunLog"]
