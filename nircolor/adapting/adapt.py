"""The verb: weights and a folder of pairs -> weights fine-tuned on them, or none.

print(adapt_weights("lite", "pairs/", "mine.safetensors"))
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor.calibrating.calibrate import check_target, uncalibrated
from nircolor.claim import claimed
from nircolor.engine import EngineConfig
from nircolor.errors import InputError, display_name
from nircolor.events import Observer, Reporter, nobody

if TYPE_CHECKING:
    from nircolor.adapting.config import AdaptConfig
    from nircolor.adapting.trials import Trials
    from nircolor.calibrating.samples import UsablePair
    from nircolor.colorizer import Colorizer

META = "adapted"
"""Its key in the metadata of weights."""
LEAST, MOST = 5, 500


@dataclass(frozen=True)
class AdaptResult:
    """What came of it. ``output``: the file, None where nothing better was found, and nothing written.

    ``before`` and ``after``: psnr (dB), angle (degrees) and colour (colourfulness over the truth's) of ``left_out``
    scenes, by weights that had not seen them. ``rendered``: PSNR of rendered scenes before and after, in dB: what was
    kept. ``steps`` and ``share``: how long the training was, and how much of what it changed is in the file. 0 steps:
    nothing was trained, but the last layer fitted, and held where it was by ``keep``.
    """

    weights: str
    output: str | None
    pairs: int
    scenes: int
    left_out: int
    before: dict[str, float]
    after: dict[str, float]
    steps: int
    share: float
    keep: float = 0.0
    rendered: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor train adapt --json`` prints."""
        return asdict(self)

    def __str__(self) -> str:
        from nircolor.adapting.judge import Way

        lines = [f"{self.pairs} pairs of {self.scenes} scenes; judged on {self.left_out} scenes that were left out"]
        for name, scores in (("before", self.before), ("after ", self.after)):
            text = "PSNR {psnr:.2f} dB, angle {angle:.2f} degrees, colour ratio {colour:.2f}"
            lines.append(f"{name}  {text.format(**scores)}")
        if self.output is None:
            reason = "no gain that is more than chance, with colours no worse and what was known kept"
            lines.append(f"{reason}: {self.weights} stay as they are, nothing is written")
            return "\n".join(lines)
        if self.rendered:
            lines.append("rendered scenes: PSNR {:.2f} dB before, {:.2f} after".format(*self.rendered))
        lines.append(f"written: {display_name(self.output)} ({Way(self.steps, self.share, self.keep)})")
        return "\n".join(lines)


def adapt_weights(
    weights: str,
    data: str | Path,
    output: str | Path,
    *,
    config: AdaptConfig | None = None,
    device: str = "auto",
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> AdaptResult:
    """Fine-tune finished weights on 5 to 500 pairs of a user's, and write them where left-out scenes gain by it.

    Args:
        weights: packaged or own name, path, or ``hf://``; not calibrated for a camera (that comes after this).
        data: a folder of near-infrared and colour pictures of the same views: see ``docs/camera.md`` for the names.
        output: a file that ends in .safetensors; it takes the place of ``weights`` everywhere.
        config: minutes, steps, rates. device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        overwrite: whether ``output`` may be replaced, and what another adaptation to it has left.
        stop: once set, the work ends with StoppedError. on_event: gets Progress, Note, Warned and EngineReady events.

    What is known so far lies in a folder beside ``output`` (``mine.adapting``) until all is done: after a stop, or a
    process that was killed, the same call goes on from there, and makes what it would have made.

    Where the gain is not more than chance, colours get worse or rendered scenes are forgotten, nothing is written and
    the result has no ``output``. A pair that can teach nothing is left out with a warning. Raises InputError for fewer
    pairs than 5, or more than 500, and for pairs of one scene alone; UsageError, OutputExistsError, OutputError,
    WeightsError, DeviceError, StoppedError.
    """
    out = Path(output)
    check_target(out, overwrite)
    engine = EngineConfig(weights, device, engine="torch")
    engine.check()
    with Reporter(on_event, stop) as reporter:
        from nircolor.adapting.config import AdaptConfig

        config = config or AdaptConfig()
        config.check()
        with claimed(out):  # two that write to one journal would each lose what the other knows
            return _adapted(engine, Path(data), out, config, overwrite, reporter)


def _adapted(
    weights: EngineConfig, folder: Path, out: Path, config: AdaptConfig, overwrite: bool, reporter: Reporter
) -> AdaptResult:
    from nircolor.adapting.saved import Saved, made_of, saved_beside
    from nircolor.adapting.trials import Trials

    pairs = _pairs(folder, reporter)
    engine = uncalibrated(weights, reporter)
    saved = Saved(saved_beside(out), made_of(pairs, engine, config), overwrite, reporter)
    with saved.told_when_stopped():
        result = _judged(weights, pairs, out, Trials(engine, config, saved, reporter))
    saved.remove()
    return replace(result, warnings=tuple(reporter.warnings))


def _judged(weights: EngineConfig, pairs: list[UsablePair], out: Path, trials: Trials) -> AdaptResult:
    verdict = trials.verdict(pairs)
    scenes, way = len({pair.scene for pair in pairs}), verdict.way
    facts = {"pairs": len(pairs), "scenes": scenes, "left_out": verdict.scenes, **asdict(way)}
    facts |= {"before": asdict(verdict.before), "after": asdict(verdict.after)}
    if verdict.sure:
        tuned = trials.adapted(pairs, way)
        facts["rendered"] = (trials.known, trials.remembered(tuned))
        _write(weights, out, tuned, facts)
    return AdaptResult(weights.weights, str(out) if verdict.sure else None, **facts)


def _pairs(folder: Path, reporter: Reporter) -> list[UsablePair]:
    from nircolor.calibrating.samples import found_pairs, usable_pairs

    found = found_pairs(folder, reporter)
    if len(found) > MOST:
        remedy = "train a recipe of your own, with `start_from`"
        raise InputError(f"holds {len(found)} pairs, and at most {MOST} are adapted to", path=folder, remedy=remedy)
    pairs = list(usable_pairs(found, "reading", reporter))
    if len(pairs) < LEAST:
        remedy = "give more, or calibrate the weights: that takes fewer"
        reason = f"{len(pairs)} of its pairs can be used, and adapting takes at least {LEAST}"
        raise InputError(reason, path=folder, remedy=remedy)
    if len({pair.scene for pair in pairs}) == 1:
        remedy = "give pairs of several places, or calibrate the weights"
        raise InputError("all its pairs are of one scene, which cannot be left out", path=folder, remedy=remedy)
    return pairs


def _write(config: EngineConfig, out: Path, tuned: Colorizer, facts: dict[str, Any]) -> None:
    """In the number type of the weights that it began with; scores of those are not its own."""
    from nircolor import weights

    loaded = weights.load(config.weights, config.locate())
    state = {name: value.to(loaded.state[name].dtype) for name, value in tuned.networks.network.state_dict().items()}
    meta = {key: value for key, value in loaded.meta.items() if key != "metrics"}
    weights.save(out, state, {**meta, META: {"of": loaded.short_sha256, **facts}})
