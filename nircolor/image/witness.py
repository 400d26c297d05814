"""Who learns something about a whole picture while it goes by, part by part: levels, gaps, transparency, colours."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nircolor.image import nodata
from nircolor.image.part import Part
from nircolor.image.stored import Stored
from nircolor.image.tone import grey
from nircolor.image.tone.toning import Span

_LEVELS = 16  # grey levels that a picture has at least


class Witness(Protocol):
    """Learns something about a picture, part by part, from top to bottom."""

    @property
    def done(self) -> bool:
        """True where no further part would change anything."""

    def see(self, part: Part) -> None:
        """The next rows, in full width, as they are stored."""


class Levels:
    """Whether black and white level of a sensor hold: not where most of the picture lies above its white."""

    done = False

    def __init__(self, stored: Stored) -> None:
        self._meaning, self._size, self._above = stored.meaning, stored.shape[0] * stored.shape[1], 0

    def see(self, part: Part) -> None:
        """See ``Witness``."""
        above = part.planes[0] > self._meaning.peak
        self._above += int(np.count_nonzero(above if part.empty is None else above & ~part.empty))

    def span(self) -> tuple[Span, list[str]]:
        """Stored values that mean 0 and 1, and a warning where the levels are not used."""
        meaning = self._meaning
        if meaning.type_peak is None or self._above <= self._size / 2:
            return (meaning.black, meaning.peak), []
        text = f"most of it is above its white level, {meaning.peak:g}: its {meaning.levels} are not used"
        return (0.0, meaning.type_peak), [text]


class Gaps:
    """Pixels without data, by their value or because their part of the file is damaged."""

    done = False

    def __init__(self, stored: Stored) -> None:
        self._nodata, self._size = stored.meaning.told_nodata, stored.shape[0] * stored.shape[1]
        self.empty = self.lost = 0

    def see(self, part: Part) -> None:
        """See ``Witness``."""
        self.empty += 0 if part.empty is None else int(np.count_nonzero(part.empty))
        self.lost += 0 if part.lost is None else int(np.count_nonzero(part.lost))

    @property
    def any(self) -> bool:
        """True where there is such a pixel."""
        return self.empty + self.lost > 0

    @property
    def everywhere(self) -> bool:
        """True where no picture is left."""
        return self.empty + self.lost == self._size

    def remarks(self) -> list[str]:
        """What is said of the nodata value; of damage those speak who met it."""
        return [nodata.remark(self.empty, self._size, self._nodata)] if self.empty else []


class Doubts:
    """Whether the transparency of a file is one: that of pictures is all or nothing but along edges, a band is not."""

    def __init__(self, stored: Stored) -> None:
        self._half = stored.shape[0] * stored.shape[1] / 2
        self._plain, self._partial, self._levels = 0, 0, np.zeros(256, bool)

    @property
    def done(self) -> bool:
        """See ``Witness``."""
        return self._plain >= self._half

    def see(self, part: Part) -> None:
        """See ``Witness``."""
        alpha = part.alpha
        if alpha is None:
            return
        partial = alpha[(alpha > 0) & (alpha < 1)]
        self._partial += partial.size
        self._plain += alpha.size - partial.size
        self._levels[np.unique(np.rint(partial * 255).astype(np.intp))] = True

    def remarks(self, band: int | None) -> list[str]:
        """One where number ``band``, from 1, of the file looks like a picture."""
        if band is None or self._partial <= self._half or np.count_nonzero(self._levels) < _LEVELS:
            return []
        text = f"band {band} is taken as transparency, as the file says, but looks like a picture; `band={band}` reads"
        return [f"{text} it"]


class Colours:
    """``grey.Channels`` and ``grey.Shares`` as witnesses. What is gone says nothing about colours."""

    done = False

    def __init__(self, channels: grey.Channels | grey.Shares) -> None:
        self._channels = channels

    def see(self, part: Part) -> None:
        """See ``Witness``."""
        self._channels.add(part.planes, part.valid)
