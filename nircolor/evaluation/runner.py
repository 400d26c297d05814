"""Measure pairs: read, predict, prepare as the protocol says, compute. One bad pair never stops the rest."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from nircolor.datasets.near import read_near
from nircolor.datasets.pair import Pair, Problem
from nircolor.errors import DeviceError, InputError, NircolorError, display_name
from nircolor.evaluation.methods import Method, View
from nircolor.evaluation.metric import Image, Metric
from nircolor.evaluation.protocols import Protocol
from nircolor.evaluation.summary import SummaryRow
from nircolor.image import NirImage, RgbImage, Stretch, read_rgb

Sink = Callable[[View, Mapping[str, Image]], None]
"""Whoever wants the pictures too, which are not kept: gets a view and its predictions by method, from any thread."""


@dataclass(frozen=True)
class MeasureSettings:
    """How to measure. ``seen``: ids of the pairs whose scene is among the training pairs; None when nobody checked.
    ``any_depth``: measure pairs whose two files differ in bit depth too."""

    protocol: Protocol
    metrics: tuple[Metric, ...]
    seen: frozenset[str] | None = None
    any_depth: bool = False
    stretch: Stretch = field(default_factory=Stretch)
    equalize: bool = False
    workers: int | None = None


@dataclass(frozen=True)
class Measured:
    """What came of one pair, or of all of them."""

    rows: tuple[SummaryRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def measure(
    pairs: Sequence[Pair],
    methods: Sequence[Method],
    settings: MeasureSettings,
    sinks: Sequence[Sink] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Measured:
    """Rows in the order of the pairs, for each pair in the order of the methods.

    Pairs are worked on by ``settings.workers`` threads (None: one a core, 8 at most), each with one pair in memory.
    Raises DeviceError when memory runs out; every other trouble becomes a problem with the name of the file, and the
    rest is measured.
    """
    rows: list[SummaryRow] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    for done, found in enumerate(_in_order(pairs, methods, settings, sinks)):
        rows += found.rows
        problems += found.problems
        warnings += found.warnings
        on_progress(done + 1, len(pairs))
    return Measured(tuple(rows), tuple(problems), tuple(warnings))


def _in_order(
    pairs: Sequence[Pair], methods: Sequence[Method], settings: MeasureSettings, sinks: Sequence[Sink]
) -> Iterator[Measured]:
    workers = settings.workers or min(8, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(workers)
    upcoming: deque[Future[Measured]] = deque()
    try:
        for pair in pairs:
            upcoming.append(pool.submit(_measure_pair, pair, methods, settings, sinks))
            if len(upcoming) >= 2 * workers:
                yield upcoming.popleft().result()
        while upcoming:
            yield upcoming.popleft().result()
    finally:  # after an error or Ctrl-C nothing more is begun
        pool.shutdown(cancel_futures=True)


def _measure_pair(pair: Pair, methods: Sequence[Method], settings: MeasureSettings, sinks: Sequence[Sink]) -> Measured:
    wanted = [method for method in methods if method.covers(pair)]
    if not wanted:
        return Measured()
    try:
        view, warnings = _read(pair, settings)
    except NircolorError as error:
        return Measured(problems=(_problem(error, pair.id),))
    rows, problems, predictions = [], [], {}
    for method in wanted:
        try:
            prediction = _predict(method, view)
            rows.append(_row(method, view, prediction, settings))
            predictions[method.name] = prediction
        except DeviceError:
            raise
        except NircolorError as error:
            problems.append(_problem(error, pair.id))
    for sink in sinks if predictions else ():
        sink(view, predictions)
    return Measured(tuple(rows), tuple(problems), warnings)


def _read(pair: Pair, settings: MeasureSettings) -> tuple[View, tuple[str, ...]]:
    from nircolor.datasets.alignment import misalignment

    truth = read_rgb(pair.rgb)
    warnings = [f"{display_name(pair.rgb)}: {warning}" for warning in truth.warnings]
    nir = None
    if pair.nir is not None:
        picture = read_near(pair.nir, stretch=settings.stretch, equalize=settings.equalize)
        name = display_name(pair.nir)
        warnings += [f"{name}: {warning}" for warning in picture.info.warnings]
        nir = picture.pixels
        _check_partner(pair, picture, truth, settings.any_depth)
        if apart := misalignment(nir, truth.pixels):
            warnings.append(f"{name}: {apart}")
    return View(pair, nir, truth.pixels, truth.dtype), tuple(warnings)


def _check_partner(pair: Pair, nir: NirImage, rgb: RgbImage, any_depth: bool) -> None:
    """Raises InputError where the two pictures differ in size, or in depth where that matters."""
    path, partner = pair.nir or pair.id, pair.rgb.name
    sizes = [f"{pixels.shape[1]} x {pixels.shape[0]}" for pixels in (nir.pixels, rgb.pixels)]
    if sizes[0] != sizes[1]:
        reason = f"is {sizes[0]} pixels, its colour picture {partner} {sizes[1]}"
        raise InputError(reason, path=path, remedy="give both one size")
    if nir.info.dtype != rgb.dtype and not any_depth:
        reason = f"is {nir.info.dtype}, its colour picture {partner} {rgb.dtype}"
        raise InputError(reason, path=path, remedy="convert one of them, or add `any_depth=True`")


def _predict(method: Method, view: View) -> Image:
    prediction = method.predict(view)
    if prediction.shape != view.truth.shape:
        height, width = prediction.shape[:2]
        truth = f"its truth {view.pair.rgb.name} {view.truth.shape[1]} x {view.truth.shape[0]}"
        raise InputError(
            f"is {width} x {height} pixels, {truth}",
            path=method.place(view.pair),
            remedy="predictions must have the size of the truth",
        )
    return prediction


def _row(method: Method, view: View, prediction: Image, settings: MeasureSettings) -> SummaryRow:
    views, borders = settings.protocol.prepare(prediction, view.truth), method.borders(view.truth.shape)
    values = {metric.key: views.measure(metric, borders) for metric in settings.metrics}
    pair, (height, width) = view.pair, view.truth.shape[:2]
    seen = None if settings.seen is None else pair.id in settings.seen
    return SummaryRow(method.name, pair.id, pair.scene, pair.kind, width, height, values, seen)


def _problem(error: NircolorError, place: str) -> Problem:
    """``place``: what it is about where the error does not say."""
    return Problem(error.subject, error.fault) if error.path is not None else Problem(place, str(error))
