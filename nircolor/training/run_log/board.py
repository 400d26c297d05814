"""The same numbers and pictures for TensorBoard: ``tensorboard --logdir RUN/tensorboard``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from nircolor.training.events import Losses, Scores
from nircolor.training.run_log.records import TRAINING, machine


class Board:
    """Scalars ``losses/*``, ``machine/*`` (speed, rate) and ``scores/*``, image ``pictures``, in ``folder``.

    Another stage than the training has steps of its own, and so a folder of its own below. What lies beyond ``step``
    from an earlier process is hidden. Every event is flushed, lest tensorboard's thread meets a full disk later, out of
    reach. Importing this module raises ImportError where tensorboard is missing; writing may raise OSError.
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
        return SummaryWriter(str(folder), purge_step=purge)

    @staticmethod
    def _scalar(writer: SummaryWriter, name: str, value: float, step: int) -> None:
        writer.add_scalar(name, value, step)
