"""Where the results of ``evaluate`` go: a page, tables, pictures that were colorized. Checked before the work."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from nircolor.errors import OutputExistsError, UsageError
from nircolor.evaluation.methods import Method, Network, View
from nircolor.evaluation.metric import Image
from nircolor.evaluation.results import Results
from nircolor.evaluation.runner import Sink
from nircolor.events import Reporter
from nircolor.files import check_output
from nircolor.image import write_rgb

if TYPE_CHECKING:
    from nircolor.evaluation.report import StripStore


@dataclass(frozen=True)
class Outputs:
    """The files that are asked for; None: not this one. ``save``: a folder."""

    report: Path | None = None
    csv: Path | None = None
    leaks: Path | None = None
    save: Path | None = None
    overwrite: bool = False

    def check(self, trained: bool, colorized: bool) -> None:
        """Refuse before the work what could not be written after it, or has nothing to hold: ``leaks`` without training
        pairs, ``save`` where nothing is colorized. Raises UsageError, OutputExistsError, OutputError."""
        if self.save and not colorized:
            raise UsageError("`save` keeps what is colorized now: add `weights`")
        files = [path for path in (self.report, self.csv, self.leaks) if path]
        if len({path.resolve() for path in files}) < len(files):
            raise UsageError("`report`, `csv` and `leaks`: two of them name one file")
        for path in files:
            check_output(path, self.overwrite)
        if self.leaks and not trained:
            remedy = "name the training pairs with `train`"
            raise UsageError("there is nothing to compare with", option="leaks", remedy=remedy)
        if self.save and self.save.is_dir() and any(self.save.iterdir()) and not self.overwrite:
            remedy = "choose another folder or add `overwrite=True`"
            raise OutputExistsError("holds files already", option="save", value=self.save, remedy=remedy)


class Writer:
    """Writes them. ``sinks`` take pictures while they are measured; ``write`` does the rest."""

    def __init__(self, outputs: Outputs, methods: Sequence[Method]) -> None:
        self._outputs, self._stack = outputs, ExitStack()
        self._networks = [method.name for method in methods if isinstance(method, Network)]
        self._strips: StripStore | None = None
        self.sinks: list[Sink] = []
        if outputs.report:
            from nircolor.evaluation.report import StripStore

            self._strips = self._stack.enter_context(StripStore())
            self.sinks.append(self._keep_strip)
        if outputs.save:
            self.sinks.append(self._save)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, results: Results, reporter: Reporter) -> None:
        """The CSV file and the report."""
        outputs = self._outputs
        if outputs.csv and results.methods:
            results.write_csv(outputs.csv, outputs.overwrite)
        if outputs.report and self._strips and results.methods:
            from nircolor.evaluation.report import write_report

            reporter.progress("writing the report")
            write_report(outputs.report, results, self._strips, overwrite=outputs.overwrite)

    def _keep_strip(self, view: View, predictions: Mapping[str, Image]) -> None:
        if self._strips:
            self._strips.add(view.pair.id, view.nir, view.truth, predictions)

    def _save(self, view: View, predictions: Mapping[str, Image]) -> None:
        """DIR/<weights>/<id>.png; without <weights> where there is one of them."""
        for name in self._networks:
            if name in predictions and self._outputs.save:
                folder = self._outputs.save / (re.sub(r"[^\w.=-]+", "_", name) if len(self._networks) > 1 else "")
                path = folder / f"{view.pair.id}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                depth = 8 if view.depth == "uint8" else 16
                write_rgb(path, predictions[name], depth=depth, overwrite=self._outputs.overwrite)
