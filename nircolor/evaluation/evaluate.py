"""From a data set and methods to results: refuse early, find the pairs, measure, write."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from threading import Event as StopEvent

from nircolor._version import __version__
from nircolor.datasets import Dataset, Pair, Problem
from nircolor.engine import EngineConfig
from nircolor.errors import UsageError, WeightsError
from nircolor.evaluation.data import Data
from nircolor.evaluation.methods import Method
from nircolor.evaluation.metric import Metric
from nircolor.evaluation.metrics import LPIPS, choose_metrics
from nircolor.evaluation.outputs import Outputs, Writer
from nircolor.evaluation.perceptual import lpips_metric
from nircolor.evaluation.protocols import Protocol, find_protocol
from nircolor.evaluation.references import ReferenceWay, gains, noted, with_references
from nircolor.evaluation.results import Results
from nircolor.evaluation.runner import Measured, MeasureSettings, measure
from nircolor.evaluation.specs import Making, Spec, as_specs, check_specs, colorizes, needs_nir
from nircolor.events import Observer, Reporter, nobody
from nircolor.image import Stretch
from nircolor.reference import Mode

NOWHERE = "not defined for any of these pictures"
UNDEFINED = {"seam": "no picture is known to be tiled; say how predictions were tiled with `tile` and `overlap`"}
PACKAGES = ("numpy", "opencv-python-headless", "scikit-image", "torch")


def evaluate(
    data: str | Path,
    methods: Spec | str | Path | Iterable[Spec | str | Path] = (),
    *,
    protocol: str = "srgb8",
    metrics: Sequence[str] = (),
    split: str = "all",
    layout: str = "auto",
    split_file: str | Path | None = None,
    seed: int = 0,
    train: Sequence[str | Path] = (),
    reference: str = "",
    reference_mode: Mode = "auto",
    lpips: str = "squeeze",
    lpips_weights: str | None = None,
    engine: EngineConfig | None = None,
    stretch: Stretch | str = "none",
    equalize: bool = False,
    any_depth: bool = False,
    workers: int | None = None,
    report: str | Path | None = None,
    csv: str | Path | None = None,
    leaks: str | Path | None = None,
    save: str | Path | None = None,
    overwrite: bool = False,
    stop: StopEvent | None = None,
    on_event: Observer = nobody,
) -> Results:
    """Measure how good colorized pictures are.

    Args:
        data: a folder of pairs, or of true colour pictures alone.
        methods: one or more, in the order of the table: ``Predictions`` that were made elsewhere, ``Weights`` that
        colorize now, a ``Baseline``, or any ``Method``. A ``Path`` is a folder of predictions. A text is a baseline
        (``grey``, ``lut``), a folder that is there, or else weights and perhaps settings: ``lite prior=tile tile=256``.
        protocol: ``srgb8``, ``colormamba`` or ``linear``: numbers of two never mix. metrics: keys of those that are
        wanted, such as ``psnr``; none: all.
        split: ``train``, ``val``, ``test`` ... or ``all``. layout: of the data set; ``auto`` recognises it. split_file:
        a CSV with columns id and split. seed: of the split that is drawn where there is none.
        train: folders of pairs that were trained on, each with ``@SPLIT`` behind it or not: pictures that show a scene
        of theirs are marked as seen.
        reference: ``mates`` or ``other``: each of the weights colorizes twice, without and with a picture of the same
        scene, or of another one drawn from ``seed``, as its reference; pictures that have none are left out.
        reference_mode: ``auto``, ``place`` or ``palette``.
        lpips: the backbone of LPIPS: ``squeeze``, ``alex`` or ``vgg``. lpips_weights: its safetensors file, or hf://...
        engine: device, precision, prior and tiles of all weights. stretch, equalize: how near-infrared is read; a
        ``Stretch``, or its text, such as ``percentile:1,99``.
        any_depth: measure pairs of two bit depths as well. workers: threads; None: one a core, 8 at most.
        report, csv, leaks: files to be written: a page, a line for each picture and method, the scenes that ``train``
        and ``data`` share. save: a folder for what is colorized. overwrite: whether files are replaced.
        stop: once set, the work ends with StoppedError. on_event: gets Progress, Note, Warned and EngineReady events.

    Returns one row for each picture and method; what could not be measured is named in ``problems``. Raises UsageError,
    InputError (no pairs, a folder that cannot be read), OutputError, OutputExistsError, WeightsError and DeviceError.
    """
    with Reporter(on_event, stop) as reporter:
        job = _Job(
            Data(Path(data), split, layout, _path(split_file), seed, tuple(map(str, train))),
            _Measures(protocol, tuple(metrics), lpips, lpips_weights),
            as_specs(methods),
            ReferenceWay(reference, reference_mode, seed),
            engine or EngineConfig(),
            _Reading(stretch, equalize, any_depth, workers),
            Outputs(_path(report), _path(csv), _path(leaks), _path(save), overwrite),
            reporter,
        )
        return job.run()


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


@dataclass(frozen=True)
class _Measures:
    """The columns of the table."""

    protocol: str
    names: tuple[str, ...]
    lpips: str
    lpips_weights: str | None

    def find(self, protocol: Protocol) -> tuple[tuple[Metric, ...], dict[str, str]]:
        """The metrics, with the protocol's own formulas; why the LPIPS column is missing, if it is."""
        choose_metrics(self.names, None)  # refuses unknown names before anything is fetched
        lpips, missing = None, {}
        if not self.names or LPIPS in self.names:
            try:
                lpips = lpips_metric(self.lpips, self.lpips_weights)
            except WeightsError as error:
                if self.lpips_weights or LPIPS in self.names:  # it was asked for
                    raise
                missing[f"lpips-{self.lpips}"] = error.fault
        return tuple(protocol.apply(metric) for metric in choose_metrics(self.names, lpips)), missing


@dataclass(frozen=True)
class _Reading:
    """How pairs are read, and by how many threads."""

    stretch: Stretch | str
    equalize: bool
    any_depth: bool
    workers: int | None

    def parsed(self) -> Stretch:
        return Stretch.parse(self.stretch) if isinstance(self.stretch, str) else self.stretch

    def __str__(self) -> str:
        return f"stretch {self.stretch}" + (", histogram equalised" if self.equalize else "")


@dataclass(frozen=True)
class _Job:
    """The arguments of ``evaluate``."""

    data: Data
    measures: _Measures
    specs: tuple[Spec, ...]
    way: ReferenceWay
    engine: EngineConfig
    reading: _Reading
    outputs: Outputs
    reporter: Reporter

    def run(self) -> Results:
        """In the order in which errors are cheap to find."""
        reporter, reading = self.reporter, self.reading
        protocol, stretch = find_protocol(self.measures.protocol), reading.parsed()
        self._check()
        dataset, train = self.data.open(reporter), self.data.training(reporter)
        if any(map(needs_nir, self.specs)) and not any(pair.nir for pair in dataset.pairs):
            remedy = "give folders of predictions alone"
            raise UsageError("holds no near-infrared pictures to colorize", path=self.data.root, remedy=remedy)
        dataset, references = self._referred(dataset)
        making = Making(dataset.pairs, train, self.engine, reading.any_depth, reporter)
        made, unmatched = making.methods(self.specs)
        methods = with_references(made, self.way, references)
        metrics, missing = self.measures.find(protocol)
        unread, seen = self._seen(train, dataset.pairs)
        settings = MeasureSettings(
            protocol, metrics, seen, reading.any_depth, stretch, reading.equalize, reading.workers
        )
        with Writer(self.outputs, methods) as writer:
            pairs = dataset.pairs if methods else ()
            found = measure(pairs, methods, settings, writer.sinks, reporter.stage("measuring"))
            problems = (*dataset.problems, *unmatched, *unread, *found.problems)
            results = self._collect(dataset, methods, settings, missing, found, problems, len(train))
            writer.write(results, reporter)
        for warning in found.warnings:
            reporter.warn(warning)
        return results

    def _check(self) -> None:
        check_specs(self.specs, self.engine, bool(self.data.train))
        self.way.check(self.specs)
        if not self.specs and not self.outputs.leaks:
            raise UsageError("nothing to measure: give `methods`")
        self.outputs.check(bool(self.data.train), any(map(colorizes, self.specs)))

    def _referred(self, dataset: Dataset) -> tuple[Dataset, dict[str, Pair]]:
        """With ``reference``, only pictures that have one, and the references by id."""
        chosen = self.way.choose(dataset.pairs)
        if not chosen:
            return dataset, {}
        self.reporter.note(f"reference: {self.way}; {len(chosen)} of {len(dataset.pairs)} pictures have one")
        return replace(dataset, pairs=tuple(pair for pair in dataset.pairs if pair.id in chosen)), chosen

    def _seen(self, train: Sequence[Pair], test: Sequence[Pair]) -> tuple[tuple[Problem, ...], frozenset[str] | None]:
        """Pictures that could not be read, and ids of those whose scene was trained on; None: nobody knows."""
        if not train:
            return (), None
        from nircolor.datasets.leaks import find_leaks, write_csv

        found = find_leaks(train, test, on_progress=self.reporter.stage("looking for leaks"))
        if self.outputs.leaks:
            write_csv(self.outputs.leaks, found, self.outputs.overwrite)
        seen = found.seen_by_scene(test)
        told = f"{len(seen)} of {len(test)} pictures show a scene of the {len(train)} training pairs"
        self.reporter.note(f"leak check: {told}")
        return found.problems, seen

    def _collect(
        self,
        dataset: Dataset,
        methods: Sequence[Method],
        settings: MeasureSettings,
        missing: Mapping[str, str],
        found: Measured,
        problems: tuple[Problem, ...],
        trained: int,
    ) -> Results:
        """Everything that a reader needs to understand the numbers, and to repeat them."""
        metrics = [m for m in settings.metrics if any(row.values[m.key] is not None for row in found.rows)]
        undefined = {m.key: UNDEFINED.get(m.key, NOWHERE) for m in settings.metrics if m not in metrics}
        undefined = undefined if found.rows else {}  # then it says nothing about the metrics
        return Results(
            protocol=settings.protocol,
            dataset=str(dataset.root),
            methods=tuple(method.name for method in methods),
            metrics=tuple(metrics),
            rows=(rows := noted(found.rows, methods)),
            references=tuple(gains(rows, methods)),
            problems=problems,
            warnings=(*self.reporter.warnings, *found.warnings),
            missing={**missing, **undefined},
            settings={
                "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
                "data": str(dataset.root),
                "layout": dataset.layout,
                "split": dataset.split,
                "split from": dataset.split_origin,
                "leak check": _leak_check(settings.seen, len(dataset.pairs), trained),
                "near-infrared": str(self.reading),
                **{method.name: method.about() for method in methods},
            },
            versions=_versions(),
        )


def _leak_check(seen: frozenset[str] | None, pairs: int, trained: int) -> str:
    if seen is None:
        return "not made: `train` names no training pairs"
    return f"against {trained} training pairs; {len(seen)} of {pairs} pictures show their scenes"


def _versions() -> dict[str, str]:
    found = {"nircolor": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # opencv comes under several names
            continue
    return found
