"""Trainings that leave scenes out, for as long as there is time, and the one that does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from nircolor.adapting.config import AdaptConfig
from nircolor.adapting.judge import SHARES, Bench, Fold, Verdict, Way, folds, scored
from nircolor.adapting.tune import State, drawn_back, rendered, tuned
from nircolor.calibrating.fit import mean_scores
from nircolor.calibrating.samples import UsablePair
from nircolor.colorizer import Colorizer
from nircolor.events import Reporter

_JUDGED = 100_000  # the first seed of rendered scenes that are judged, and not trained on


class Trials:
    """Trainings of one engine, which itself stays as it is. ``clock``: in seconds."""

    def __init__(
        self, engine: Colorizer, config: AdaptConfig, reporter: Reporter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.engine, self.config, self.reporter, self._clock = engine, config, reporter, clock
        self._taught = rendered(range(config.rendered), engine)
        self._judged = rendered(range(_JUDGED, _JUDGED + -(-config.rendered // 4)))
        self.known = self.remembered(engine)
        """PSNR of rendered scenes by the engine, in dB."""

    def remembered(self, engine: Colorizer) -> float:
        """PSNR of the same scenes by another, in dB."""
        return mean_scores(list(scored(self._judged, engine).values())).psnr

    def verdict(self, pairs: list[UsablePair]) -> Verdict:
        """The first training says how many steps the time allows; the others go as far."""
        bench, plan, steps = Bench(), list(folds(pairs, self.config.seed)), self.config.steps
        seconds = self.config.minutes * 60 / (len(plan) + 1)
        for number, fold in enumerate(plan, 1):
            steps = self._trial(fold, f"trial {number} of {len(plan)}", bench, steps, seconds if number == 1 else None)
        if steps + self.config.every <= self.config.steps:
            self.reporter.warn(f"time for {steps} steps only, of {self.config.steps}: give more `minutes`")
        return bench.verdict()

    def _trial(self, fold: Fold, name: str, bench: Bench, steps: int, seconds: float | None) -> int:
        """Steps done, in about ``seconds`` at most."""
        began, done = self._clock(), 0
        bench.before |= scored(fold.left_out, self.engine)
        training = tuned(self.engine, fold.training, self._taught, self.config, steps, self._told(name, steps))
        with closing(training) as checks:
            for checked, (done, state) in enumerate(checks, 1):
                for share in SHARES:
                    engine = drawn_back(self.engine, state, share)
                    lost = self.known - self.remembered(engine)
                    gain = bench.add(Way(done, share), scored(fold.left_out, engine), lost)
                    self.reporter.note(f"{name}, {done} steps, {share:.0%}: {gain:+.2f} dB, rendered {-lost:+.2f} dB")
                if seconds and (self._clock() - began) * (checked + 1) / checked > seconds:
                    break
        return done

    def trained(self, pairs: list[UsablePair], steps: int) -> State:
        """On all pairs."""
        training = tuned(self.engine, pairs, self._taught, self.config, steps, self._told("training", steps))
        *_, (_, state) = training
        return state

    def _told(self, stage: str, steps: int) -> Callable[[int], None]:
        return lambda done: self.reporter.progress(stage, done, steps, "steps")
