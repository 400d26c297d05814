"""nircolor/small_file.py: all of a small file, nothing of any other, and no more memory than it needs."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nircolor.small_file import DEEPEST, check_plain, nested, parsed, read_at_most, read_small


@given(st.integers(0, 70), st.integers(0, 70), st.integers(0, 70))
def test_all_or_an_error(size: int, most: int, expected: int) -> None:
    data = os.urandom(size)
    if size <= most:
        assert read_at_most(io.BytesIO(data), most, expected) == data
    else:
        with pytest.raises(ValueError, match="larger than"):
            read_at_most(io.BytesIO(data), most, expected)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 5])
def test_streams_of_several_blocks(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    (tmp_path / "x").write_bytes(data)
    assert read_small(tmp_path / "x") == read_at_most(io.BytesIO(data)) == data
    for most in {size - 1, size // 2} - {-1, size}:
        with pytest.raises(ValueError, match="larger than"):
            read_small(tmp_path / "x", most)


def test_a_high_limit_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    tracemalloc.start()
    try:
        assert read_small(tmp_path / "x", 1 << 50) == b"abc"
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_says_it_is_empty_is_read(tmp_path: Path) -> None:
    if not Path("/proc/self/status").is_file():
        pytest.skip("no /proc here")
    assert b"VmPeak" in read_small(Path("/proc/self/status"))


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")], ids=range(3))
def test_what_is_no_regular_file_is_not_even_opened(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "x")
    with pytest.raises(ValueError, match=r"it is (no regular file|a folder)"):
        read_small(tmp_path / "x")


def test_what_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_small(tmp_path / "x")


def test_nesting_has_an_end() -> None:
    for kind in (lambda inner: [inner], lambda inner: {"a": inner}):
        value: object = 0
        for _ in range(DEEPEST):
            value = kind(value)
        check_plain(value)
        for _ in range(100_000):
            value = kind(value)
        with pytest.raises(ValueError, match="deeper"):
            list(nested(value))
        while isinstance(value, list | dict) and value:  # by hand: Python's own way is too deep for it
            value = value.pop() if isinstance(value, list) else value.pop("a")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '"\\ud800"', '["a\\u0000"]', f"[{2**65}]", "1" * 5000]
)
def test_what_is_not_plain_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parsed(json.loads, text)


def test_what_is_plain_comes_back() -> None:
    value = {"é": [1, -(2**63), 0.5, None, True, {"x": "\n"}]}
    assert parsed(json.loads, json.dumps(value)) == value
