"""What needs the packages of the extra ``train``: TensorBoard's files and drawn curves."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nircolor.training.events import Losses, Scores
from nircolor.training.run_log.record_files import writing
from nircolor.training.run_log.records import History

if TYPE_CHECKING:
    from nircolor.training.run_log.board import Board

_log = logging.getLogger(__name__)


class Extras:
    """``tensorboard/``, ``losses.png`` and ``scores.png`` in the folder ``run``.

    A package that is missing is told once, and the run goes on without its files. Raises OutputError where one cannot
    be written.
    """

    def __init__(self, run: Path, step: int) -> None:
        self._run, self._folder = run, run / "tensorboard"
        self._board = self._open(step)
        self._draws = _has_matplotlib()

    def losses(self, event: Losses) -> None:
        if self._board:
            with writing(self._folder):
                self._board.losses(event)

    def scores(self, event: Scores, sheet: NDArray[np.uint8] | None) -> None:
        """``sheet``: (H, W, 3) of the pictures, if there are any."""
        if self._board:
            with writing(self._folder):
                self._board.scores(event, sheet)

    def draw(self, history: History) -> None:
        if self._draws:
            from nircolor.training.run_log.drawings import draw_losses, draw_scores

            draw_losses(self._run / "losses.png", history)
            draw_scores(self._run / "scores.png", history)

    def close(self) -> None:
        if self._board:
            with writing(self._folder):
                self._board.close()

    def _open(self, step: int) -> Board | None:
        try:
            from nircolor.training.run_log.board import Board
        except ImportError:
            _log.warning("no tensorboard/ in %s: tensorboard is missing; pip install 'nircolor[train]'", self._run)
            return None
        try:
            with writing(self._folder):
                return Board(self._folder, step)
        except UnicodeEncodeError:
            _log.warning("no tensorboard/ in %s: tensorboard takes no folder whose name is not UTF-8", self._run)
            return None


def _has_matplotlib() -> bool:
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        _log.warning("no curves as PNG: matplotlib is missing; pip install 'nircolor[train]'")
        return False
    return True
