"""nircolor/weights_file.py: every damage is told, whatever the file was before."""

from __future__ import annotations

import json
import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from nircolor.errors import UsageError, WeightsError
from nircolor.weights_file import RESERVED_META, check, encode, read_meta

PATH = Path("some.safetensors")
META = {"config": {"width": 8, "name": 'a "quoted" ü\n'}, "note": None}
TENSORS = save_arrays({"b.weight": np.arange(6, dtype=np.float16).reshape(2, 3), "a": np.array(1.5, np.float32)})
WEIGHTS = encode(TENSORS, META)
TEXT = st.text('ab"\\{}:,\n\0\u00fc\u2028\U0001f600', max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def read(data: bytes, folder: Path) -> dict[str, object]:
    """``check`` and ``read_meta`` on one file: they must agree."""
    path = folder / "x.safetensors"
    path.write_bytes(data)
    meta = check(data, path)
    assert read_meta(path) == meta
    return meta


def repacked(header: object, tensors: bytes = b"") -> bytes:
    packed = json.dumps(header).encode()
    return len(packed).to_bytes(8, "little") + packed + tensors


def test_meta_and_tensors_survive(tmp_path: Path) -> None:
    assert read(WEIGHTS, tmp_path) == META
    arrays = load_arrays(WEIGHTS)
    assert {name: (array.dtype.name, array.tolist()) for name, array in arrays.items()} == {
        "a": ("float32", 1.5),
        "b.weight": ("float16", [[0, 1, 2], [3, 4, 5]]),
    }


@settings(deadline=None)
@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_any_json_survives(meta: dict[str, object]) -> None:
    assert check(encode(TENSORS, meta), PATH) == meta


def test_the_order_of_meta_changes_no_byte() -> None:
    assert encode(TENSORS, dict(reversed(META.items()))) == WEIGHTS


@pytest.mark.parametrize(
    "meta", [{"x": object}, {"x": {1, 2}}, {"x": "\ud800"}, *({name: "x"} for name in RESERVED_META)], ids=str
)
def test_meta_that_cannot_be_kept_is_refused(meta: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(meta))):
        encode(TENSORS, meta)


def test_each_flipped_bit_is_told() -> None:
    for position in range(len(WEIGHTS)):
        for bit in range(8):
            damaged = bytearray(WEIGHTS)
            damaged[position] ^= 1 << bit
            with pytest.raises(WeightsError, match=r"some\.safetensors: .*(again|upgrade nircolor|weights file)$"):
                check(bytes(damaged), PATH)


@pytest.mark.parametrize("extra", [b"\0", WEIGHTS])
def test_each_other_length_is_told(extra: bytes) -> None:
    for data in (*(WEIGHTS[:length] for length in range(len(WEIGHTS))), WEIGHTS + extra):
        with pytest.raises(WeightsError, match=r"some\.safetensors: .*(again|weights file)$"):
            check(data, PATH)


def test_tensors_that_change_places_are_told() -> None:
    one, other = np.arange(4, dtype=np.int32), np.arange(4, 8, dtype=np.int32)
    mixed = bytearray(encode(save_arrays({"a": one, "b": other}), {}))
    mixed[-32:] = mixed[-16:] + mixed[-32:-16]
    with pytest.raises(WeightsError, match="checksum"):
        check(bytes(mixed), PATH)


@pytest.mark.parametrize("length", [0, 1, len(WEIGHTS) - 7, 10**9, 2**63, 2**64 - 1])
def test_a_lying_header_length_is_told_without_reading_on(length: int, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + WEIGHTS[8:])
    for reader in (read_meta, lambda path: check(path.read_bytes(), path)):
        with pytest.raises(WeightsError, match="cut off, or not a safetensors file"):
            reader(path)


@pytest.mark.parametrize(
    "header",
    [
        "[" * 100_000,
        "{",
        "[]",
        '{"__metadata__": []}',
        '{"__metadata__": {"format": 1}}',
        '{"__metadata__": {"format": "nircolor", "checksum": "0"}}',
        '{"__metadata__": {"format": "nircolor", "checksum": "0", "format_version": "0"}}',
        '{"__metadata__": {"format": "nircolor", "checksum": "0", "format_version": "\u0663"}}',
        '{"__metadata__": {"format": "nircolor", "checksum": "0", "format_version": "' + "9" * 5000 + '"}}',
        '{"__metadata__": {"format": "nircolor", "checksum": "0", "format_version": "1", "x": "["}}',
        '{"__metadata__": {"format": "nircolor", "checksum": "0", "format_version": "1", "x": "'
        + "[" * 200
        + "]" * 200
        + '"}}',
    ],
    ids=lambda header: header[:70],
)
def test_a_header_of_nonsense_is_told(header: str, tmp_path: Path) -> None:
    packed = header.encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(packed).to_bytes(8, "little") + packed)
    for reader in (read_meta, lambda path: check(path.read_bytes(), path)):
        with pytest.raises(WeightsError, match=r"fetch it again|weights file"):
            reader(path)


def test_a_file_of_a_newer_nircolor_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(WEIGHTS.replace(b'"format_version":"1"', b'"format_version":"2"'))
    for reader in (read_meta, lambda path: check(path.read_bytes(), path)):
        with pytest.raises(WeightsError, match=r"x\.safetensors: written by a newer nircolor .*upgrade"):
            reader(path)


@pytest.mark.parametrize("missing", RESERVED_META)
def test_a_file_without_one_of_the_marks_is_refused(missing: str) -> None:
    length = int.from_bytes(WEIGHTS[:8], "little")
    header = json.loads(WEIGHTS[8 : 8 + length])
    del header["__metadata__"][missing]
    with pytest.raises(WeightsError, match=r"fetch it again|weights file"):
        check(repacked(header, WEIGHTS[8 + length :]), PATH)


def test_safetensors_of_others_are_refused() -> None:
    with pytest.raises(WeightsError, match="not one that nircolor wrote"):
        check(TENSORS, PATH)


def zipped() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (zipped(), "PyTorch pickle .* only safetensors"),
        (pickle.dumps({"a": list(range(99))}, protocol=2), "Python pickle, and only safetensors"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html></html>", "web page"),
    ],
    ids=["empty", "zip", "pickle", "lfs", "html"],
)
def test_what_is_found_in_place_of_weights_is_named(data: bytes, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        check(data, PATH)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda data: len(data).to_bytes(8, "little") + data))
@example(repacked({"__metadata__": {"format": "nircolor", "format_version": "1", "checksum": "0"}, "a": 1}))
def test_any_bytes_end_in_a_weights_error(data: bytes) -> None:
    with pytest.raises(WeightsError, match=r"some\.safetensors"):
        check(data, PATH)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        read_meta(tmp_path)
