"""Trials that leave scenes out, for as long as there is time, and the adaptation that does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean

from nircolor.adapting.config import AdaptConfig
from nircolor.adapting.judge import KEEPS, SHARES, Check, Fold, Verdict, Way, folds, scored, verdict
from nircolor.adapting.readout import Readout
from nircolor.adapting.saved import Saved
from nircolor.adapting.tune import State, drawn_back, rendered, tuned
from nircolor.calibrating.fit import Scores, mean_scores
from nircolor.calibrating.samples import UsablePair
from nircolor.colorizer import Colorizer
from nircolor.events import Reporter

_JUDGED = 100_000  # the first seed of rendered scenes that are judged, and not trained on


class Trials:
    """Trainings of one engine, which itself stays as it is. ``saved``: what is known of them already, and where all
    that they find is kept. ``clock``: in seconds."""

    def __init__(
        self,
        engine: Colorizer,
        config: AdaptConfig,
        saved: Saved,
        reporter: Reporter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine, self.config, self.saved, self.reporter, self._clock = engine, config, saved, reporter, clock
        self._taught = rendered(range(config.rendered), engine)
        self._judged = rendered(range(_JUDGED, _JUDGED + -(-config.rendered // 4)))
        self.known = self.remembered(engine)
        """PSNR of rendered scenes by the engine, in dB."""

    def remembered(self, engine: Colorizer) -> float:
        """PSNR of the same scenes by another, in dB."""
        return mean_scores(list(scored(self._judged, engine, self.reporter).values())).psnr

    def verdict(self, pairs: list[UsablePair]) -> Verdict:
        """The first training says how many steps the time allows; the others go as far."""
        plan, journal = list(folds(pairs, self.config.seed)), self.saved.journal
        before: dict[str, Scores] = {}
        seconds = self.config.minutes * 60 / (len(plan) + 1)
        self.saved.write()
        self.reporter.note(f"trials on parts of the {len(pairs)} pairs: {len(plan)}; what is best then gets them all")
        for number, fold in enumerate(plan, 1):
            left_out = scored(fold.left_out, self.engine, self.reporter)
            trial = _Trial(number, f"trial {number} of {len(plan)}", fold, left_out)
            before |= left_out
            if not journal.steps:
                journal.steps = self._run(trial, self.config.steps, seconds)
            elif not self.saved.known(number, self._ways(journal.steps)[-1]):
                self._run(trial, journal.steps, None)
            self.saved.write()
            self.saved.checkpoint(trial.name).unlink(missing_ok=True)
        if journal.steps + self.config.every <= self.config.steps:
            self.reporter.warn(f"time for {journal.steps} steps only, of {self.config.steps}: give more `minutes`")
        return verdict(before, journal.checks)

    def _run(self, trial: _Trial, steps: int, seconds: float | None) -> int:
        """Steps done, in about ``seconds`` at most."""
        began, done = self._clock() - self.saved.journal.seconds, 0
        self._check(trial, 0, None)
        with closing(self._tuned(trial.fold.training, steps, trial.name)) as checks:
            for done, state in checks:
                self._check(trial, done, state)
                if seconds:
                    self.saved.journal.seconds = used = self._clock() - began
                    if used * (1 + self.config.every / done) > seconds:
                        break
        return done

    def _check(self, trial: _Trial, steps: int, state: State | None) -> None:
        """What is not known already is measured, told and kept."""
        ways = [way for way in self._ways(steps) if not self.saved.known(trial.number, way)]
        for way, engine in zip(ways, self._engines(ways, state, trial.fold.training), strict=True):
            after, lost = scored(trial.fold.left_out, engine, self.reporter), self.known - self.remembered(engine)
            gain = fmean(scores.psnr - trial.before[scene].psnr for scene, scores in after.items())
            self.reporter.note(f"{trial.name}, {way}: left-out scenes {gain:+.2f} dB, rendered {-lost:+.2f} dB")
            self.saved.journal.checks.append(Check(trial.number, way, after, lost))
            self.saved.write()

    def _ways(self, steps: int) -> list[Way]:
        """Shares of a training; before it, the last layer alone, where it can be fitted."""
        if steps:
            return [Way(steps, share) for share in SHARES]
        return [Way(0, keep=keep) for keep in KEEPS] if Readout.of(self.engine.networks.network) else []

    def _engines(self, ways: list[Way], state: State | None, pairs: list[UsablePair]) -> Iterator[Colorizer]:
        """Each way's; ``state``: of the training, None: before it."""
        if state is not None:
            yield from (drawn_back(self.engine, state, way.share) for way in ways)
        elif ways:
            readout = Readout(self.engine, pairs, self._taught)
            yield from (readout.at(way.keep) for way in ways)

    def adapted(self, pairs: list[UsablePair], way: Way) -> Colorizer:
        """To all pairs."""
        state = None
        if way.steps:
            *_, (_, state) = self._tuned(pairs, way.steps, "training")
        (engine,) = self._engines([way], state, pairs)
        return engine

    def _tuned(self, pairs: list[UsablePair], steps: int, name: str) -> Generator[tuple[int, State], None, None]:
        def told(done: int) -> None:
            self.reporter.progress(name, done, steps, "steps")

        return tuned(self.engine, pairs, self._taught, self.config, steps, told, self.saved.checkpoint(name))


@dataclass(frozen=True)
class _Trial:
    """``before``: scores of its left-out scenes by the weights as they are."""

    number: int
    name: str
    fold: Fold
    before: dict[str, Scores]
