"""Small copies of the pictures, kept on disk until the page is written: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import TracebackType

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from nircolor.errors import OutputError
from nircolor.evaluation.colour import ciede2000_map
from nircolor.evaluation.report.errormap import colours
from nircolor.files import write_reason
from nircolor.pages.thumbnails import data_uri, encode, reduce, to_bytes

Image = NDArray[np.float32]
_TINY = 64  # pixels of the longer side


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG file of a known size in pixels."""

    path: Path
    width: int
    height: int

    @property
    def tiny(self) -> bool:
        """So small that it is drawn with its pixels as squares."""
        return max(self.width, self.height) < _TINY

    def address(self) -> Markup:
        """The file itself, for the page."""
        return data_uri(self.path.read_bytes())


@dataclass(frozen=True)
class Strip:
    """All that is shown of one picture; ``predictions`` maps methods to a prediction and its error map."""

    nir: Thumbnail | None
    truth: Thumbnail
    predictions: Mapping[str, tuple[Thumbnail, Thumbnail]]


class StripStore:
    """Thumbnails by picture, in a temporary folder that goes when the block ends. Any thread may add."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="nircolor-report-")
        self._strips: dict[str, Strip] = {}
        self._numbers = count()  # files are numbered: an id may hold slashes, or be too long for a name
        self._lock = Lock()

    def __enter__(self) -> StripStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def add(self, id: str, nir: Image | None, truth: Image, predictions: Mapping[str, Image]) -> None:
        """Keep thumbnails of one picture: ``nir`` (H, W), ``truth`` and each prediction (H, W, 3), sRGB in [0, 1].

        Error maps are computed at full size, then averaged over areas as the pictures are. An id given again replaces
        what it had. Raises OutputError where the temporary folder cannot take the files.
        """
        strip = Strip(
            None if nir is None else self._keep(to_bytes(reduce(nir))),
            self._keep(to_bytes(reduce(truth))),
            {
                method: (self._keep(to_bytes(reduce(image))), self._keep(colours(reduce(ciede2000_map(image, truth)))))
                for method, image in predictions.items()
            },
        )
        with self._lock:
            self._strips[id] = strip

    def find(self, id: str) -> Strip | None:
        with self._lock:
            return self._strips.get(id)

    def _keep(self, image: NDArray[np.uint8]) -> Thumbnail:
        with self._lock:
            path = self.folder / f"{next(self._numbers)}.jpg"
        try:
            path.write_bytes(encode(image))
        except OSError as error:
            reason = write_reason(error)
            raise OutputError(
                f"{path}: {reason}; set TMPDIR to a folder with room for the report's pictures"
            ) from error
        return Thumbnail(path, image.shape[1], image.shape[0])
