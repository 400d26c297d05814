"""What must be known of a whole picture before a window of it can be converted: found in few passes, block by block.

A pass shows blocks of rows to witnesses until all of them have seen enough, so a pass may end after the first rows,
and one that nobody needs is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image.part import Part, part_of, samples_of
from nircolor.image.raster import Raster, Samples
from nircolor.image.stored import Stored
from nircolor.image.tone import find as tone
from nircolor.image.tone import grey
from nircolor.image.tone.histogram import row_blocks
from nircolor.image.tone.stretch import Stretch
from nircolor.image.tone.toning import Collector, Scan, Span, Tone, Toning
from nircolor.image.witness import Colours, Doubts, Gaps, Levels, Witness

Remarks = Callable[[], list[str]]


@dataclass(frozen=True)
class Look:
    """How a near-infrared picture is looked at: see ``read_nir``."""

    stretch: Stretch = field(default_factory=Stretch)
    equalize: bool = False
    luma: bool = False
    """Whether colours are welcome, as their luma."""


@dataclass(frozen=True)
class Found:
    """All that a window needs to know of the rest of the picture."""

    tone: Tone
    luma: bool
    """Whether the luma of three bands is taken, not the first of them."""
    has_alpha: bool
    remarks: tuple[str, ...] = ()
    """What the user should know about what is stored."""
    notes: tuple[str, ...] = ()
    """What the user should know about the tones."""


class Passes:
    """Passes over ``stored``. Those who ``wait`` join the next one."""

    def __init__(self, stored: Stored) -> None:
        self._stored, self._waiting = stored, list[Witness]()

    def wait(self, witness: Witness) -> None:
        """Let ``witness`` join the next pass."""
        self._waiting.append(witness)

    def scan(self, pick: Callable[[Part], Samples], all: bool = False) -> Scan:
        """Passes that show the samples, which ``pick`` takes from each part, to collectors of tones.

        ``all``: transparent ones count too.
        """

        def scan(*collectors: Collector) -> None:
            self.run(_Picked(pick, collectors, all))

        return scan

    def run(self, *witnesses: Witness) -> None:
        """One pass for ``witnesses`` and those who wait. Raises ``InputError`` for what cannot be decoded."""
        busy: Sequence[Witness] = (*self._waiting, *witnesses)
        self._waiting.clear()
        height, width = self._stored.shape
        for rows in row_blocks(height, width):
            busy = [witness for witness in busy if not witness.done]
            if not busy:
                return
            part = part_of(self._stored.read(rows, slice(0, width)), self._stored.meaning)
            for witness in busy:
                witness.see(part)


class _Picked:
    """Several collectors of tones as one witness: the samples are picked once."""

    def __init__(self, pick: Callable[[Part], Samples], collectors: Sequence[Collector], all: bool) -> None:
        self._pick, self._collectors, self._all = pick, collectors, all

    @property
    def done(self) -> bool:
        return all(collector.done for collector in self._collectors)

    def see(self, part: Part) -> None:
        samples, valid = self._pick(part), None if self._all else part.valid
        for collector in self._collectors:
            if not collector.done:
                collector.add(samples, valid)


def survey(stored: Stored, look: Look, curve: NDArray[np.float64] | None) -> Found:
    """Look through ``stored``, whose values look as ``curve`` (n,) says; None: as they are.

    One pass over integers, or a part of one; one over floats, and one or two more for percentiles and ranks. Raises
    ``InputError`` for damage, and where nothing is left; ``ColourInputError`` for a colour picture.
    """
    passes, meaning = Passes(stored), stored.meaning
    doubts, gaps = Doubts(stored), Gaps(stored)
    if meaning.alpha_band is not None:
        passes.wait(doubts)
    if meaning.nodata is not None or meaning.gaps:
        passes.wait(gaps)
    span, told = levels_of(passes, stored)
    luma, colours = _luma(passes, stored, look.luma)

    def pick(part: Part) -> Samples:
        return samples_of(part, luma, meaning.premultiplied)

    (height, width), dtype = stored.shape, type_of(stored)
    toning = Toning(height * width, span, meaning.inverted, look.stretch, look.equalize, curve)
    found, notes = tone.find(dtype, passes.scan(pick), toning)
    passes.run()  # for those who still wait
    if gaps.lost and gaps.everywhere:
        raise InputError("is damaged: nothing of it can be decoded", remedy="get a fresh copy")
    remarks = (*told, *colours(), *doubts.remarks(meaning.alpha_band), *gaps.remarks())
    return Found(found, luma, has_alpha(stored) or gaps.any, remarks, tuple(notes))


def type_of(stored: Stored) -> np.dtype[np.generic]:
    """The type of the values that ``stored`` stands for: with a palette, that of its colours."""
    return stored.dtype if stored.meaning.palette is None else stored.meaning.palette.dtype


def depth_of(stored: Stored) -> str:
    """The type of an output that holds what ``stored`` does: see ``ImageInfo.dtype``."""
    return stored.meaning.depth or str(type_of(stored))


def channels_of(stored: Stored) -> int:
    """1 or 3: how many bands ``stored`` stands for."""
    return stored.channels if stored.meaning.palette is None else len(stored.meaning.palette)


def levels_of(passes: Passes, stored: Stored) -> tuple[Span, list[str]]:
    """Stored values that mean 0 and 1, and a warning where those that a sensor gives are not used."""
    levels = Levels(stored)
    if stored.meaning.type_peak is not None:
        passes.run(levels)
    return levels.span()


def has_alpha(stored: Stored) -> bool:
    """Whether it has a mask."""
    return stored.read(slice(0, 1), slice(0, 1)).alpha is not None


def _luma(passes: Passes, stored: Stored, welcome: bool) -> tuple[bool, Remarks]:
    """Whether the luma is to be read, and what is to be said of the colours once all passes are over."""
    meaning, dtype = stored.meaning, type_of(stored)
    if channels_of(stored) == 1:
        return False, list
    if dtype.kind != "f" and welcome:
        return True, list
    channels = grey.Channels(stored.shape, dtype)
    passes.wait(Colours(channels))
    if dtype.kind != "f":  # whose luma, where channels are equal, is what they are: nothing depends on the outcome
        return True, lambda: [] if channels.equal else _colour(channels, meaning)
    passes.run()
    if channels.equal or welcome:
        return not channels.equal, list
    shares = grey.Shares(channels.white())
    passes.run(Colours(shares))
    remarks = _colour(shares, meaning)
    return True, lambda: remarks


def _colour(found: grey.Channels | grey.Shares, meaning: Raster) -> list[str]:
    return grey.remark(found.shares(), meaning.noisy, meaning.alpha_band, meaning.infrared)
