"""Times of frames on the output's clock."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from nircolor.video.frames import Stream, Track
from nircolor.video.write.times import FINE, Times

TRACK = Track(Fraction(1, 90000), Fraction(25), Fraction(0), 8, False, (2, 2, 2), Fraction(1), {})
FINEST = 2**31 - 1


def stream(track: Track | None = TRACK, fps: float = 25) -> Stream:
    return Stream(Path("x"), 48, 64, fps, 0, track=track)


def test_the_base_of_the_source_keeps_times_exact() -> None:
    clock = Times(stream(), 25, FINEST)
    assert (clock.base, clock.rate, clock.step) == (Fraction(1, 90000), 25, 3600)
    moments = [Fraction(n, 90000) for n in (7, 11, 4000, 900007)]
    assert [clock.of(clock.ticks(moment)) for moment in moments] == moments
    assert clock.first == 7


@pytest.mark.parametrize("fps", [25.0, 29.97, 30000 / 1001, 0.5, 1000.0])
def test_without_times_frames_are_counted(fps: float) -> None:
    clock = Times(stream(None, fps), fps, FINEST)
    assert [float(clock.of(clock.ticks(None))) for _ in range(4)] == pytest.approx([i / fps for i in range(4)])


def test_another_rate_counts_too() -> None:
    clock = Times(stream(), 50, FINEST)
    assert not clock.kept
    assert [clock.of(clock.ticks(Fraction(i, 25))) for i in range(3)] == [0, Fraction(1, 50), Fraction(1, 25)]


@pytest.mark.parametrize(
    ("first", "anew", "origin"),
    [
        ("0", False, "0"),
        ("0.5", False, "0"),
        ("0.5", True, "0.5"),
        ("93600", False, "93600"),
        ("-0.25", False, "-0.25"),
    ],
)
def test_where_the_clock_starts(first: str, anew: bool, origin: str) -> None:
    clock = Times(stream(), 25, FINEST, anew=anew)
    clock.ticks(Fraction(first))
    assert clock.origin == Fraction(origin)


def test_times_that_stand_still_or_go_back_still_rise() -> None:
    clock = Times(stream(), 25, FINEST)
    ticks = [clock.ticks(Fraction(n, 90000)) for n in (0, 3600, 3600, 100, 7200)]
    assert ticks == [0, 3600, 3601, 3602, 7200]


def test_a_base_that_a_codec_cannot_count_in_is_replaced() -> None:
    assert Times(stream(), 25, 65535).base == FINE
    assert Times(stream(replace(TRACK, time_base=Fraction(1, 10**12))), 25, FINEST).base == FINE
    assert Times(stream(replace(TRACK, time_base=Fraction(1, 1000))), 25, 65535).base == Fraction(1, 1000)


def test_a_constant_rate_keeps_step_on_the_whole() -> None:
    about = stream()
    clock = Times(about, 25, FINEST, constant=True)
    assert [clock.ticks(Fraction(n, 1000)) for n in (500, 541, 579, 620)] == [0, 1, 2, 3]
    assert about.warnings == []
    assert clock.ticks(Fraction(750, 1000)) == 6
    assert about.warnings == ["its frame rate changes; .avi has a constant one, so times shift by up to a frame"]
