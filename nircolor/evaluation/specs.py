"""What ``evaluate`` is asked to measure: folders of predictions, weights with settings, baselines; and how each becomes
a method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nircolor.datasets import match_predictions
from nircolor.datasets.pair import Pair, Problem
from nircolor.engine import EngineConfig, Prior, check_device
from nircolor.errors import UsageError
from nircolor.evaluation.baselines import GreyCopy, LookupTable
from nircolor.evaluation.methods import Folder, Method, Network
from nircolor.events import Reporter
from nircolor.tiling import Tiling

BASELINES = ("grey", "lut")
_SETTING = re.compile(r"\s+(prior|tile|overlap|resize)=(\S+)$")


@dataclass(frozen=True)
class Predictions:
    """Pictures that were made elsewhere. ``tiling``: how they were tiled, if that is known: for the seam energy."""

    folder: str | Path
    tiling: Tiling | None = None

    @property
    def label(self) -> str:
        return str(self.folder)


@dataclass(frozen=True)
class Weights:
    """Weights that colorize now: a name, a path or ``hf://org/repo[@rev][/file]``.

    prior, tile, overlap: None: as the ``engine`` of the whole evaluation. resize: the side of the square that pictures
    are resized to before, and back from after, as the papers' fixed-size networks do; 0: native size. label: the name
    in the table; by default the weights and what is set.
    """

    weights: str | Path
    prior: Prior | None = None
    tile: int | None = None
    overlap: int | None = None
    resize: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        if not self.label:
            given = {"prior": self.prior, "tile": self.tile, "overlap": self.overlap, "resize": self.resize or None}
            settings = (f"{key}={value}" for key, value in given.items() if value is not None)
            object.__setattr__(self, "label", " ".join((str(self.weights), *settings)))
        if self.resize < 0:
            raise self._error(f"resize={self.resize}: give a side of 1 pixel or more")

    @classmethod
    def parse(cls, text: str, *, tile: int | None = None, overlap: int | None = None, resize: int = 0) -> Weights:
        """``NAME [prior=global|tile] [tile=N] [overlap=N] [resize=N]``: settings stand last, so that a path may hold
        spaces, and win over the arguments. The label is the whole text. Raises UsageError."""
        settings: dict[str, str] = {}
        name = text
        while match := _SETTING.search(name):
            settings.setdefault(match[1], match[2])
            name = name[: match.start()]
        spec = cls(name, None, tile, overlap, resize, label=text)
        for key, value in settings.items():
            spec = spec._with(key, value)
        return spec

    def _with(self, key: str, value: str) -> Weights:
        if key == "prior":
            if value not in ("global", "tile"):
                raise self._error(f"prior={value}: give global or tile")
            return replace(self, prior="global" if value == "global" else "tile")
        if not value.isdecimal():
            raise self._error(f"{key}={value}: give a number of pixels")
        return replace(self, **{key: int(value)})  # type: ignore[arg-type]

    def configure(self, engine: EngineConfig) -> EngineConfig:
        """``engine`` with these weights and what is set here. Raises UsageError for what is no tiling."""
        tile = engine.tiling.tile if self.tile is None else self.tile
        overlap = engine.tiling.overlap if self.overlap is None else self.overlap
        tiling = replace(engine.tiling, tile=tile, overlap=overlap)
        return replace(engine, weights=str(self.weights), prior=self.prior or engine.prior, tiling=tiling)

    def _error(self, reason: str) -> UsageError:
        return UsageError(reason, option="weights", value=repr(self.label))


@dataclass(frozen=True)
class Baseline:
    """``grey``: the near-infrared picture itself. ``lut``: the mean colour that each near-infrared value has in the
    training pairs."""

    name: str

    @property
    def label(self) -> str:
        return self.name


Spec = Predictions | Weights | Baseline | Method
"""What can be measured. A ``Method`` is used as it is: ``Network(name, engine)`` for an engine that is loaded."""


def as_specs(methods: Spec | str | Path | Iterable[Spec | str | Path]) -> tuple[Spec, ...]:
    """One or many. A path is a folder of predictions; a text is a baseline, a folder that is there, or else weights and
    their settings. Raises UsageError for settings that are none."""
    if isinstance(methods, (str, Path)) or not isinstance(methods, Iterable):
        methods = (methods,)
    return tuple(map(_as_spec, methods))


def _as_spec(method: Spec | str | Path) -> Spec:
    if isinstance(method, str):
        if method in BASELINES:
            return Baseline(method)
        return Predictions(method) if Path(method).is_dir() else Weights.parse(method)
    return Predictions(method) if isinstance(method, Path) else method


def check_specs(specs: Sequence[Spec], engine: EngineConfig, trained: bool) -> None:
    """Refuse what cannot be, before anything is read. Raises UsageError, WeightsError."""
    check_device(engine.device)
    labels = [_label(spec) for spec in specs]
    for label in labels:
        if labels.count(label) > 1:
            raise UsageError(f"{label} is given twice; name each method once")
    for spec in specs:
        if isinstance(spec, Baseline):
            _check_baseline(spec, trained)
    for spec in specs:
        if isinstance(spec, Weights):
            spec.configure(engine).check()


def _check_baseline(spec: Baseline, trained: bool) -> None:
    if spec.name not in BASELINES:
        raise UsageError("unknown", option="baseline", value=spec.name, remedy=f"give {' or '.join(BASELINES)}")
    if spec.name == "lut" and not trained:
        reason, remedy = "it is made from training pairs", "name them with `train`"
        raise UsageError(reason, option="baseline", value="lut", remedy=remedy)


def colorizes(spec: Spec) -> bool:
    """Whether it makes pictures now."""
    return isinstance(spec, (Weights, Network))


def needs_nir(spec: Spec) -> bool:
    return isinstance(spec, (Weights, Baseline, Network))


def _label(spec: Spec) -> str:
    return spec.label if isinstance(spec, (Predictions, Weights, Baseline)) else spec.name


@dataclass(frozen=True)
class Making:
    """What methods are made from."""

    pairs: Sequence[Pair]
    train: Sequence[Pair]
    engine: EngineConfig
    any_depth: bool
    reporter: Reporter

    def methods(self, specs: Sequence[Spec]) -> tuple[list[Method], list[Problem]]:
        """The methods in the order of ``specs``, and predictions that are not there."""
        problems: list[Problem] = []
        return [self._method(spec, problems) for spec in specs], problems

    def _method(self, spec: Spec, problems: list[Problem]) -> Method:
        if isinstance(spec, Weights):
            self.reporter.progress("loading the weights")
            return Network(spec.label, spec.configure(self.engine).load(self.reporter), spec.resize)
        if isinstance(spec, Predictions):
            files, found = match_predictions(Path(spec.folder), self.pairs)
            problems += found
            return Folder(spec.label, files, spec.tiling, self.any_depth)
        if isinstance(spec, Baseline):
            if spec.name == "grey":
                return GreyCopy()
            return LookupTable.from_pairs(self.train, self.reporter.stage("lookup table"))
        return spec
