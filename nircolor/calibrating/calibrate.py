"""The verb: weights and a folder of pairs -> weights that are right for the camera of the pairs, or none.

print(calibrate_weights("lite", "pairs/", "mine.safetensors"))
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Any

from nircolor.camera import META, Camera
from nircolor.engine import EngineConfig
from nircolor.errors import UsageError, WeightsError, display_name
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import check_output
from nircolor.hub import WEIGHTS_SUFFIX

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer


@dataclass(frozen=True)
class CalibrationResult:
    """What came of it. ``output``: the file, None where nothing better was found, and nothing written.

    ``before`` and ``after``: psnr (dB), angle (degrees) and colour (colourfulness over the truth's) of scenes that were
    left out, one after the other. ``camera``: the correction. ``pairs``: those that were used.
    """

    weights: str
    output: str | None
    pairs: int
    scenes: int
    before: dict[str, float]
    after: dict[str, float]
    camera: dict[str, Any]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor weights calibrate --json`` prints."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.pairs} pairs of {self.scenes} scenes; each scene judged by a correction made of the others"]
        for name, scores in (("before", self.before), ("after ", self.after)):
            text = "PSNR {psnr:.2f} dB, angle {angle:.2f} degrees, colour ratio {colour:.2f}"
            lines.append(f"{name}  {text.format(**scores)}")
        if self.output is None:
            reason = "no gain that is more than chance, with colours no worse"
            lines.append(f"{reason}: {self.weights} stay as they are, nothing is written")
        else:
            lines.append(f"written: {display_name(self.output)}")
        return "\n".join(lines)


def calibrate_weights(
    weights: str,
    pairs: str | Path,
    output: str | Path,
    *,
    device: str = "auto",
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> CalibrationResult:
    """Fit tone, chroma and tint of finished weights to the pairs of one camera, in closed form, and write them.

    Args:
        weights: packaged or own name, path, or ``hf://``; not calibrated for a camera yet.
        pairs: a folder of near-infrared and colour pictures of the same views: see ``docs/training.md`` for the names.
        output: a file that ends in .safetensors; it takes the place of ``weights`` everywhere.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``. overwrite: whether ``output`` may be replaced.
        stop: once set, the work ends with StoppedError. on_event: gets Progress, Warned and EngineReady events.

    The correction is judged on each scene by one made of the others; where the gain is not more than chance, or colours
    get worse, nothing is written and the result has no ``output``. A pair that can teach nothing is left out with a
    warning. Raises InputError where no pair is left, UsageError, OutputExistsError, OutputError, WeightsError,
    DeviceError, StoppedError.
    """
    out, folder = Path(output), Path(pairs)
    config = EngineConfig(weights, device)
    config.check()
    check_target(out, overwrite)
    with Reporter(on_event, stop) as reporter:
        return _calibrated(config, folder, out, reporter)


def _calibrated(config: EngineConfig, folder: Path, out: Path, reporter: Reporter) -> CalibrationResult:
    from nircolor.calibrating.fit import best_fit
    from nircolor.calibrating.samples import found_pairs, sample_of, usable_pairs

    pairs = found_pairs(folder, reporter)
    engine = uncalibrated(config, reporter)
    samples = [sample_of(pair, engine) for pair in usable_pairs(pairs, "colorizing", reporter)]
    scenes = len({sample.scene for sample in samples})
    if scenes == 1:
        reporter.warn("one scene cannot be held against another: little is changed; give pairs of several places")
    fit = best_fit(samples)
    before, after = asdict(fit.before), asdict(fit.after)
    facts = {"pairs": len(samples), "scenes": scenes, "before": before, "after": after}
    if fit.sure:
        _write(config, out, {**fit.camera.to_meta(), **facts, "of": engine.info.weights_sha256})
    return CalibrationResult(
        config.weights,
        str(out) if fit.sure else None,
        **facts,  # type: ignore[arg-type]
        camera=fit.camera.to_meta(),
        warnings=tuple(reporter.warnings),
    )


def check_target(out: Path, overwrite: bool) -> None:
    """Whether weights can be written there. Raises UsageError, OutputExistsError, OutputError."""
    if out.suffix != WEIGHTS_SUFFIX:
        raise UsageError("weights are saved as safetensors only", path=out, remedy=f"end the name in {WEIGHTS_SUFFIX}")
    check_output(out, overwrite)


def uncalibrated(config: EngineConfig, reporter: Reporter) -> Colorizer:
    """The engine. Raises WeightsError for weights that were made right for a camera: a correction has no other."""
    engine = config.load(reporter)
    if engine.camera != Camera():
        remedy = "give those that it was made of, and all the pairs"
        raise WeightsError("calibrated for a camera already", path=config.locate(), remedy=remedy)
    return engine


def _write(config: EngineConfig, out: Path, camera: dict[str, Any]) -> None:
    from nircolor import weights

    loaded = weights.load(config.weights, config.locate())
    weights.save(out, loaded.state, {**loaded.meta, META: camera})
