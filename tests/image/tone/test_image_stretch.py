"""What may be said to ``stretch``."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.errors import UsageError
from nircolor.image import Stretch


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("none", Stretch("none")),
        (" MinMax ", Stretch("minmax")),
        ("percentile", Stretch("percentile", 1, 99)),
        ("percentile:2,98", Stretch("percentile", 2, 98)),
        ("percentile: 0.5 , 99.5", Stretch("percentile", 0.5, 99.5)),
    ],
)
def test_the_forms(text: str, stretch: Stretch) -> None:
    assert Stretch.parse(text) == stretch


@pytest.mark.parametrize(
    "text",
    ["", "max", "none:", "minmax:1,2", "percentile:", "percentile:5", "percentile:1,2,3", "percentile:a,b",
     "percentile:50,50", "percentile:90,10", "percentile:-1,50", "percentile:1,101", "percentile:nan,50"],
)  # fmt: skip
def test_nonsense_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError, match=r"use none, minmax, percentile or percentile:LOW,HIGH"):
        Stretch.parse(text)


@settings(deadline=None, max_examples=50)
@given(st.text() | st.text("percntil:,.0123456789-e"))
def test_any_text_gives_a_stretch_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert Stretch.parse(text).kind in ("none", "minmax", "percentile")


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 100), st.integers(0, 100))
def test_parse_reads_what_str_writes(low: int, high: int) -> None:
    if low < high:
        stretch = Stretch("percentile", low, high)
        assert Stretch.parse(str(stretch)) == stretch
    else:
        with pytest.raises(UsageError):
            Stretch("percentile", low, high)
