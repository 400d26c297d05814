"""What is told of the steps since it was last told."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping

from nircolor.training.data_loader import DataLoader
from nircolor.training.events import Losses


class Meter:
    """Means of the losses, images a second and the share of time waited, since it was last read."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self.restart()

    def restart(self) -> None:
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._steps, self._images = 0, 0
        self._start, self._waited = time.monotonic(), self._loader.waited_seconds

    def add(self, terms: Mapping[str, float], images: int) -> None:
        """One step on so many images, of all processes together."""
        for name, value in terms.items():
            self._sums[name] += value
        self._steps, self._images = self._steps + 1, self._images + images

    def losses(self, stage: str, step: int, steps: int, rate: float) -> Losses:
        seconds = max(1e-9, time.monotonic() - self._start)
        values = {name: total / self._steps for name, total in self._sums.items()}
        waited = min(1.0, (self._loader.waited_seconds - self._waited) / seconds)
        told = Losses(stage, step, steps, values, rate, self._images / seconds, waited)
        self.restart()
        return told
