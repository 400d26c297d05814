"""What a training run leaves for people to look at: numbers, curves, pictures and one page, all in its folder."""

from __future__ import annotations

from nircolor.training.journal.journal import Journal

__all__ = ["Journal"]
