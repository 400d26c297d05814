"""The verb ``build_demo``: a folder that any static web server can serve, and then colorizes in the browser.

    build_demo("site")          # then: python -m http.server -d site

The student goes into it as ``model.onnx``: input ``nir`` (1, 1, H, W), output ``rgb`` (1, 3, H, W), float32 in [0, 1].
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from threading import Event as StopEvent
from typing import Any

import numpy as np

from nircolor.demo import runtime as onnxruntime_web
from nircolor.errors import DeviceError, OutputExistsError, WeightsError
from nircolor.events import Observer, Reporter, nobody
from nircolor.files import check_output, output_errors, temporary_folder
from nircolor.small_file import read_small
from nircolor.weights import packaged_file
from nircolor.wording import in_short

STUDENT = "nircolor-edge.onnx"
"""The packaged network for small machines."""
MODEL = "model.onnx"
"""What the page calls its network."""
_MOST = 256 << 20  # bytes of a network that a browser is asked to load
_ENTRY = "index.html"


@dataclass(frozen=True)
class DemoResult:
    """A folder to be served. ``files``: bytes of each of its files. ``runtime``: version of onnxruntime-web."""

    path: Path
    files: Mapping[str, int]
    runtime: str

    def to_json(self) -> dict[str, Any]:
        """What ``nircolor demo --json`` prints."""
        return {"path": str(self.path), "files": dict(self.files), "runtime": self.runtime}

    def __str__(self) -> str:
        size = sum(self.files.values()) / 1e6
        return f"{self.path}: {len(self.files)} files, {size:.1f} MB, onnxruntime-web {self.runtime}"


def build_demo(
    target: str | Path,
    *,
    weights: str | Path | None = None,
    runtime: str | Path | None = None,
    overwrite: bool = False,
    on_event: Observer = nobody,
    stop: StopEvent | None = None,
) -> DemoResult:
    """Make the folder ``target``: the page, the network, onnxruntime-web.

    weights: an ONNX file as described above; None: the packaged student. runtime: the archive of onnxruntime-web, where
    it is not to be fetched from the npm registry. overwrite: files of an earlier build are replaced; others stay.

    Raises OutputExistsError and OutputError; WeightsError for a network that is missing or another; InputError where
    onnxruntime-web cannot be had; StoppedError, which leaves nothing behind.
    """
    path, wanted = Path(target), onnxruntime_web.release()
    with Reporter(on_event, stop) as reporter:
        _check_target(path, overwrite)
        content = {MODEL: _student(Path(weights) if weights else packaged_file(STUDENT)), **_page()}
        reporter.progress("fetching onnxruntime-web", unit="bytes")
        if runtime is None:
            archive = onnxruntime_web.fetch(wanted, reporter.stage("fetching onnxruntime-web"))
        else:
            archive = onnxruntime_web.read(wanted, Path(runtime))
        content |= onnxruntime_web.unpacked(archive)
        reporter.check()
        _write(path, content)
    return DemoResult(path, {name: len(data) for name, data in sorted(content.items())}, wanted.version)


def _check_target(path: Path, overwrite: bool) -> None:
    if not os.path.lexists(path):
        check_output(path, overwrite)  # whether there is a folder that it can be made in
        return
    with output_errors(path):
        if any(path.iterdir()) and not overwrite:
            raise OutputExistsError("is not empty", path=path, remedy="choose another name or add `overwrite=True`")


def _page() -> dict[str, bytes]:
    """Our own files: those of ``site/``, and the style that all pages of nircolor share."""
    here = files("nircolor")
    own = {entry.name: entry.read_bytes() for entry in here.joinpath("demo/site").iterdir() if entry.is_file()}
    return {**own, "page.css": here.joinpath("pages/page.css").read_bytes()}


def _write(path: Path, content: Mapping[str, bytes]) -> None:
    """All files under a temporary name first: a folder that is there is complete. Its entry comes last."""
    with temporary_folder(path) as folder, output_errors(path):
        for name, data in content.items():
            (folder / name).write_bytes(data)
        path.mkdir(exist_ok=True)
        for name in sorted(content, key=lambda name: name == _ENTRY):
            (folder / name).replace(path / name)


def _student(path: Path) -> bytes:
    """The bytes of a network that has the interface of the student, and works."""
    remedy = f"it must take `nir` and give `rgb`, as {STUDENT} does"
    try:
        data = read_small(path, _MOST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or in_short(error)
        raise WeightsError(f"cannot be read ({reason})", path=path, remedy="check the path") from error
    try:
        session = import_module("onnxruntime").InferenceSession(data, providers=["CPUExecutionProvider"])
        (rgb,) = session.run(["rgb"], {"nir": np.full((1, 1, 9, 7), 0.5, np.float32)})
    except ImportError as error:
        raise DeviceError(f"onnxruntime cannot be loaded ({in_short(error)})", remedy="reinstall nircolor") from error
    except Exception as error:  # what a runtime raises cannot be foreseen
        raise WeightsError(f"is no network for the page ({in_short(error)})", path=path, remedy=remedy) from error
    if rgb.shape != (1, 3, 9, 7) or rgb.dtype != np.float32:
        raise WeightsError(f"gives {rgb.dtype} {rgb.shape} of 9 x 7 pixels", path=path, remedy=remedy)
    return data
