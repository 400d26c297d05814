"""Events as flat records, which is how they are stored, and the history of a run as a list of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from nircolor.training.events import TRAINING, Losses, Scores

Recorded = TypeVar("Recorded", Losses, Scores)
Value = float | str | bool
Record = dict[str, Value]

SPEED, WAITED, RATE = "images/s", "waited", "rate"
_MACHINE = (SPEED, WAITED, RATE)


def to_record(event: Losses | Scores) -> Record:
    """``step``, then ``stage`` unless it is the training itself, the values, and how fast; or ``best`` for scores."""
    if isinstance(event, Scores):
        return {"step": event.step, **event.values, **({"best": True} if event.best else {})}
    stage: Record = {} if event.stage == TRAINING else {"stage": event.stage}
    machine = {SPEED: event.images_per_second, WAITED: event.waited, RATE: event.rate}
    return {"step": event.step, **stage, **event.values, **machine}


def from_record(record: Mapping[str, Value]) -> Losses | Scores:
    """The inverse of ``to_record``, but for pictures and the number of steps of the run, which no record holds."""
    step = int(record["step"])
    skipped = ("step", "stage", "best", *_MACHINE)
    numbers = ((name, value) for name, value in record.items() if name not in skipped)
    values = {name: float(value) for name, value in numbers if isinstance(value, (int, float))}
    if any("/" in name for name in values):
        return Scores(step, 0, values, bool(record.get("best")))
    speed, waited, rate = (float(record.get(name, 0.0)) for name in _MACHINE)
    return Losses(str(record.get("stage", TRAINING)), step, 0, values, rate, speed, waited)


def reached(event: Losses | Scores, step: int) -> bool:
    """Whether a run that goes on from ``step`` has this event behind it: other stages come before the first step."""
    return step > 0 and (event.step <= step or (isinstance(event, Losses) and event.stage != TRAINING))


def subject(event: Losses | Scores) -> tuple[str, int]:
    """What an event is about; the same is recorded once."""
    return event.stage if isinstance(event, Losses) else "/scores", event.step


Points = list[tuple[int, float]]
"""(step, value) in the order of steps."""


@dataclass
class History:
    """All that a run has reported so far."""

    losses: list[Losses] = field(default_factory=list)
    scores: list[Scores] = field(default_factory=list)
    _subjects: set[tuple[str, int]] = field(default_factory=set)

    def add(self, event: Losses | Scores) -> None:
        """Pictures are not kept: a long run has many."""
        self._subjects.add(subject(event))
        if isinstance(event, Losses):
            self.losses.append(event)
        else:
            self.scores.append(Scores(event.step, event.steps, event.values, event.best))

    def knows(self, event: Losses | Scores) -> bool:
        """Whether the same was reported of this step already."""
        return subject(event) in self._subjects

    @property
    def best(self) -> Scores | None:
        """The validation whose weights are the best of the run."""
        return next((scores for scores in reversed(self.scores) if scores.best), None)

    def terms(self) -> dict[str, Points]:
        """By title: every term of the training, then those of other stages."""
        found = _by_name(self._training, _values)
        for stage in dict.fromkeys(event.stage for event in self.losses if event.stage != TRAINING):
            events = [event for event in self.losses if event.stage == stage]
            found |= {_titled(stage, name): points for name, points in _by_name(events, _values).items()}
        return found

    def machine(self) -> dict[str, Points]:
        """By title: learning rate, speed and waiting of the training, where they are more than zeros."""
        found = _by_name(self._training, machine)
        return {title: points for title, points in found.items() if any(value for _, value in points)}

    def panels(self) -> dict[str, dict[str, Points]]:
        """Scores by metric, then by validation set, both in the order of their first appearance."""
        found: dict[str, dict[str, Points]] = {}
        for name, points in _by_name(self.scores, _values).items():
            folder, _, metric = name.rpartition("/")
            found.setdefault(metric, {})[folder] = points
        return found

    @property
    def _training(self) -> list[Losses]:
        return [event for event in self.losses if event.stage == TRAINING]


def _values(event: Losses | Scores) -> Mapping[str, float]:
    return event.values


def machine(event: Losses) -> Mapping[str, float]:
    """What is known of a step besides its losses, by title."""
    return {
        "learning rate": event.rate,
        "images per second": event.images_per_second,
        "share of time waiting for data": event.waited,
    }


def _titled(stage: str, name: str) -> str:
    return name if name == stage else f"{stage}: {name}"


def _by_name(events: list[Recorded], values: Callable[[Recorded], Mapping[str, float]]) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for event in events:
        for name, value in values(event).items():
            if math.isfinite(value):
                found.setdefault(name, []).append((event.step, value))
    return found
