"""How far an adaptation has come, in a folder beside its output: whoever is killed or stopped goes on from there.

    mine.adapting/journal.json                whose it is, and what every check has said so far
    mine.adapting/trial-2-of-3.safetensors    the checkpoint of the training that is under way

The folder is removed once the work is done. All that is in it was measured or trained from the same pairs, weights and
settings, so that what comes of it is what would have come without a break.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nircolor._version import __version__ as VERSION
from nircolor.adapting.config import AdaptConfig
from nircolor.adapting.judge import Check, Way
from nircolor.calibrating.fit import Scores
from nircolor.calibrating.samples import UsablePair
from nircolor.colorizer import Colorizer
from nircolor.errors import InputError, OutputExistsError, StoppedError, display_name
from nircolor.events import Reporter
from nircolor.files import atomic_file, clear_leftovers, output_errors
from nircolor.small_file import parsed, read_small

JOURNAL = "journal.json"


def saved_beside(output: Path) -> Path:
    """The folder of an output: ``mine.adapting`` of ``mine.safetensors``."""
    return output.with_suffix(".adapting")


def made_of(pairs: Sequence[UsablePair], engine: Colorizer, config: AdaptConfig) -> dict[str, Any]:
    """Plain values: adaptations that differ in one of them have nothing to say to each other."""
    pixels = hashlib.sha256()
    for pair in pairs:
        pixels.update(f"{pair.scene} {pair.nir.shape} {pair.nir.dtype} {pair.rgb.dtype}".encode())
        pixels.update(np.ascontiguousarray(pair.nir).data)
        pixels.update(np.ascontiguousarray(pair.rgb).data)
    settings = {key: value for key, value in asdict(config).items() if key != "minutes"}
    machine = f"{engine.info.device}, {engine.info.precision}"
    weights = engine.info.weights_sha256
    return {
        "pairs": pixels.hexdigest(),
        "weights": weights,
        "settings": settings,
        "device": machine,
        "version": VERSION,
    }


@dataclass
class Journal:
    """``of``: what the adaptation is made of. ``seconds``: that the first trial took so far. ``steps``: of each
    training, 0 until the first trial has said how many there is time for."""

    of: dict[str, Any]
    checks: list[Check] = field(default_factory=list)
    seconds: float = 0.0
    steps: int = 0


class Saved:
    """The folder, and its journal in memory.

    ``of``: names and plain values that say what the adaptation is made of. Raises OutputExistsError for a folder of
    another one, unless that may be overwritten, and for one that is something else; InputError for a damaged journal;
    OutputError.
    """

    def __init__(self, folder: Path, of: Mapping[str, Any], overwrite: bool, reporter: Reporter) -> None:
        self.folder, self.journal, self.reporter = folder, Journal(dict(of)), reporter
        found = self._found()
        others = [] if found is None else [name for name, value in of.items() if value != found.of.get(name)]
        if others and not overwrite:
            reason = f"holds an adaptation with other {' and '.join(others)}, which has not ended"
            remedy = "remove it, choose another output or add `overwrite=True`"
            raise OutputExistsError(reason, path=folder, remedy=remedy)
        if others:
            self.remove()
        elif found is not None:
            self.journal = found
            reporter.note(f"going on where {display_name(folder)} has stopped: {len(found.checks)} checks are known")

    def checkpoint(self, name: str) -> Path:
        """Where a training of that name keeps its own."""
        return self.folder / f"{name.replace(' ', '-')}.safetensors"

    def known(self, trial: int, way: Way) -> Check | None:
        """What has been said already."""
        return next((one for one in self.journal.checks if (one.trial, one.way) == (trial, way)), None)

    @contextmanager
    def told_when_stopped(self) -> Iterator[None]:
        """Within, whoever stops the work is told how it goes on."""
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, StoppedError) or not isinstance(error, Exception)
            if stopped and (self.folder / JOURNAL).exists():
                self.reporter.note(
                    f"what is known is kept in {display_name(self.folder)}: the same again goes on from there"
                )
            raise

    def write(self) -> None:
        """The journal, whole or as it was. Raises OutputError."""
        with output_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
        with atomic_file(self.folder / JOURNAL, overwrite=True) as stream:
            stream.write(json.dumps(asdict(self.journal), indent=1).encode())

    def remove(self) -> None:
        """What is in it of an adaptation; then the folder, if nothing else is."""
        with output_errors(self.folder):
            for file in (*self.folder.glob("*.safetensors"), self.folder / JOURNAL):
                file.unlink(missing_ok=True)
            clear_leftovers(self.folder)
            if self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _found(self) -> Journal | None:
        path = self.folder / JOURNAL
        clear_leftovers(self.folder)
        if not self.folder.exists() or (self.folder.is_dir() and not any(self.folder.iterdir())):
            return None
        if not path.is_file():
            remedy = "remove it, or choose another output"
            raise OutputExistsError("is in the way: it holds no adaptation", path=self.folder, remedy=remedy)
        try:
            return _journal(parsed(json.loads, read_small(path).decode()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"cannot be read ({error})", path=path, remedy=f"remove {self.folder.name}, or choose another output"
            ) from error


def _journal(found: dict[str, Any]) -> Journal:
    """Raises ValueError, KeyError, TypeError and AttributeError for what is none."""
    checks = [
        Check(
            int(one["trial"]),
            Way(**one["way"]),
            {scene: Scores(**scores) for scene, scores in one["after"].items()},
            float(one["lost"]),
        )
        for one in found["checks"]
    ]
    return Journal(dict(found["of"]), checks, float(found["seconds"]), int(found["steps"]))
