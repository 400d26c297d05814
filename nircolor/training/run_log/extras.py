"""What needs the packages of the extra ``train``: TensorBoard's files and drawn curves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nircolor.training.events import TRAINING, Losses, Scores
from nircolor.training.run_log.record_files import writing
from nircolor.training.run_log.records import History, machine

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Extras:
    """``tensorboard/``, ``losses.png`` and ``scores.png`` in the folder ``run``.

    ``warn`` gets a line about a package that is missing, and the run goes on without its files. Raises OutputError
    where one cannot be written.
    """

    def __init__(self, run: Path, step: int, warn: Callable[[str], None]) -> None:
        self._run, self._folder, self._warn = run, run / "tensorboard", warn
        self._board = self._open(step)
        self._draws = self._has_matplotlib()

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
            import torch.utils.tensorboard  # noqa: F401
        except ImportError:
            self._warn(f"no tensorboard/ in {self._run}: tensorboard is missing; pip install 'nircolor[train]'")
            return None
        try:
            with writing(self._folder):
                return Board(self._folder, step)
        except UnicodeEncodeError:
            self._warn(f"no tensorboard/ in {self._run}: tensorboard takes no folder whose name is not UTF-8")
            return None

    def _has_matplotlib(self) -> bool:
        try:
            import matplotlib.figure  # noqa: F401
        except ImportError:
            self._warn("no curves as PNG: matplotlib is missing; pip install 'nircolor[train]'")
            return False
        return True


class Board:
    """The same numbers and pictures for TensorBoard, in ``folder``: scalars ``losses/*``, ``machine/*`` (speed, rate)
    and ``scores/*``, image ``pictures``.

    Another stage than the training has steps of its own, and so a folder of its own below. What lies beyond ``step``
    from an earlier process is hidden. Every event is flushed, lest tensorboard's thread meets a full disk later, out of
    reach. May raise OSError.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._writers = {TRAINING: self._open(folder, step + 1)}

    def losses(self, event: Losses) -> None:
        if event.stage not in self._writers:
            self._writers[event.stage] = self._open(self._folder / event.stage.replace("/", "-"), 1)
        writer = self._writers[event.stage]
        for name, value in event.values.items():
            self._scalar(writer, f"losses/{name}", value, event.step)
        for name, value in machine(event).items():
            self._scalar(writer, f"machine/{name}", value, event.step)
        writer.flush()

    def scores(self, event: Scores, sheet: NDArray[np.uint8] | None) -> None:
        """``sheet``: (H, W, 3) of the pictures, if there are any."""
        writer = self._writers[TRAINING]
        for name, value in event.values.items():
            self._scalar(writer, f"scores/{name}", value, event.step)
        if sheet is not None:
            writer.add_image("pictures", sheet, event.step, dataformats="HWC")
        writer.flush()

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    @staticmethod
    def _open(folder: Path, purge: int) -> SummaryWriter:
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(str(folder), purge_step=purge)

    @staticmethod
    def _scalar(writer: SummaryWriter, name: str, value: float, step: int) -> None:
        writer.add_scalar(name, value, step)
