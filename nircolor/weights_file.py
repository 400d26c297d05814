"""The weights file: safetensors with a format version and a checksum in its header. Bytes in, bytes out; no torch.

Layout (that of safetensors): 8 bytes little-endian header length, the header in JSON, the tensors' bytes. The header's
``__metadata__`` maps text to text:

    format          "nircolor"
    format_version  "1"
    checksum        SHA-256 over all other metadata and each tensor's name, dtype, shape and bytes, in sorted order
    anything else   JSON: config, recipe, license, metrics, ...

Every number in it is finite: one that is not would colour every picture black, or grey, without a word.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from nircolor.errors import UsageError, WeightsError
from nircolor.small_file import nested

WEIGHTS_FORMAT = 1
RESERVED_META = ("format", "format_version", "checksum")

_FORMAT_NAME = "nircolor"
_HEADER_LIMIT = 100_000_000  # that of safetensors itself
_ALIGNMENT = 8
_Tensors = dict[str, dict[str, Any]]

# Width in bytes, and the least of what is infinite or no number, read as a whole number without its sign: both are in
# the same order. For 64 bits it is what is infinite in the 32 bits that networks work with.
_INFINITE = {
    "F64": (8, 0x47EF_FFFF_F000_0000),
    "F32": (4, 0x7F80_0000),
    "F16": (2, 0x7C00),
    "BF16": (2, 0x7F80),
    "F8_E5M2": (1, 0x7C),
    "F8_E4M3": (1, 0x7F),
}
_DEEPEST = 100  # of metadata
_BLOCK = 1 << 20  # numbers looked at in one go

# What is found in place of weights most often, known by its first bytes.
_FOREIGN = (
    (b"PK\x03\x04", "it is a PyTorch pickle (or another zip archive), and only safetensors are loaded"),
    (b"\x80", "it is a Python pickle, and only safetensors are loaded"),
    (b"version https://git-lfs", "it is a Git LFS pointer, not the file itself (`git lfs pull` fetches that)"),
    (b"\x08", "it is an ONNX file, which nircolor takes by itself where it lies beside the weights"),
    (b"<", "it is a web page, not the file behind it"),
)


def encode(tensors: bytes, meta: Mapping[str, object]) -> bytes:
    """Add ``meta``, format version and checksum to the safetensors bytes ``tensors`` (without metadata of their own).

    Equal tensors and equal meta give equal bytes, which safetensors itself doesn't promise for metadata. Raises
    UsageError when meta is not JSON or uses a reserved name.
    """
    text = {key: _to_json(key, value) for key, value in meta.items()}
    text |= {"format": _FORMAT_NAME, "format_version": str(WEIGHTS_FORMAT)}
    text["checksum"] = _checksum(_tensors(tensors), text)
    length = int.from_bytes(tensors[:8], "little")
    header = {"__metadata__": dict(sorted(text.items())), **json.loads(tensors[8 : 8 + length])}
    packed = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    packed += b" " * (-len(packed) % _ALIGNMENT)
    return len(packed).to_bytes(8, "little") + packed + tensors[8 + length :]


def check(data: bytes, path: Path) -> dict[str, object]:
    """Verify a whole weights file (structure, format version, checksum, finite numbers) and return its meta.

    ``path`` is only named in the WeightsError that is raised when the file is damaged or newer than this nircolor.
    """
    from safetensors import SafetensorError

    text = _metadata(BytesIO(data), len(data), path)
    try:
        tensors = _tensors(data)
    except SafetensorError as error:
        raise _damaged(path, f"it is not a sound safetensors file ({error})") from error
    if _checksum(tensors, text) != text["checksum"]:
        raise _damaged(path, "its checksum does not match its content")
    if name := _not_finite(tensors):
        raise WeightsError(
            f"tensor {name[:100]!r} holds a value that is no number (NaN) or infinite: "
            "give weights from before that, such as an earlier save of the run",
            path=path,
        )
    return _from_json(text, path)


def not_finite(tensors: bytes) -> str | None:
    """The name of a tensor in the safetensors bytes ``tensors`` that holds a NaN or an infinity, None for none."""
    return _not_finite(_tensors(tensors))


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor by its name, from the header of a sound file alone."""
    with path.open("rb") as stream:
        header = _header(stream, path.stat().st_size, path)
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def read_meta(path: Path) -> dict[str, object]:
    """The meta of a weights file from its header alone: quick, but the tensors stay unverified. Raises WeightsError."""
    try:
        with path.open("rb") as stream:
            return _from_json(_metadata(stream, path.stat().st_size, path), path)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str | Path, error: Exception) -> WeightsError:
    """The error for a path at which the system itself finds fault."""
    reason = getattr(error, "strerror", None) or error
    return WeightsError(f"cannot be read ({reason}): check the path and its permissions", path=path)


def _damaged(path: Path, reason: str) -> WeightsError:
    # In the Hub's cache the path is a link, and a damaged file behind it would be taken for fetched.
    cached = any(part.startswith("models--") for part in path.parts)
    remedy = f"delete {path.resolve()} and" if cached else "copy it again from where it came, reinstall nircolor, or"
    return WeightsError(f"{reason}: {remedy} fetch it again", path=path)


def _foreign(path: Path, reason: str) -> WeightsError:
    return WeightsError(f"{reason}: give a {_FORMAT_NAME} weights file", path=path)


def _metadata(stream: BinaryIO, size: int, path: Path) -> dict[str, str]:
    """The header's metadata with all three reserved entries, in a format version that can be read here."""
    text = _header(stream, size, path).get("__metadata__", {})
    if not isinstance(text, dict) or not all(isinstance(value, str) for value in text.values()):
        raise _damaged(path, "its metadata are not text")
    if text.get("format") != _FORMAT_NAME or not text.get("checksum"):
        raise _foreign(
            path, "it is a safetensors file, but not one that nircolor wrote (no format or no checksum in it)"
        )
    version = text.get("format_version", "")
    if not re.fullmatch("[1-9][0-9]{0,5}", version):
        raise _damaged(path, f"its format version is {version[:20]!r}, not a number from 1 up")
    if int(version) > WEIGHTS_FORMAT:
        raise WeightsError(
            f"written by a newer nircolor (weights format {version}, this one reads up to {WEIGHTS_FORMAT}): "
            "upgrade nircolor",
            path=path,
        )
    return text


def _header(stream: BinaryIO, size: int, path: Path) -> dict[str, Any]:
    start = stream.read(8)
    length = int.from_bytes(start, "little")
    if size == 0:
        raise _damaged(path, "it is empty")
    if len(start) < 8 or not 2 <= length <= min(size - 8, _HEADER_LIMIT):
        start += stream.read(64)
        for magic, kind in _FOREIGN:
            if start.lstrip().startswith(magic):
                raise _foreign(path, kind)
        raise _damaged(path, "it is cut off, or not a safetensors file")
    try:
        header = json.loads(stream.read(length))
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON, so it is not a sound safetensors file") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a JSON object, so it is not a sound safetensors file")
    return header


def _tensors(data: bytes) -> _Tensors:
    """Raises SafetensorError unless ``data`` is a sound safetensors file."""
    from safetensors import deserialize

    return dict(deserialize(data))  # type: ignore[no-untyped-call]


def _checksum(tensors: _Tensors, text: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for key, value in sorted(text.items()):
        if key != "checksum":
            _add(digest, [key, value])
    for name, tensor in sorted(tensors.items()):
        content = tensor["data"]
        _add(digest, [name, tensor["dtype"], tensor["shape"], len(content)])
        digest.update(content)
    return digest.hexdigest()


def _not_finite(tensors: _Tensors) -> str | None:
    import numpy as np

    for name, tensor in tensors.items():
        if tensor["dtype"] not in _INFINITE:
            continue
        width, least = _INFINITE[tensor["dtype"]]
        bits = np.frombuffer(tensor["data"], f"<u{width}")
        size = (1 << (8 * width - 1)) - 1  # all bits but the sign
        for start in range(0, len(bits), _BLOCK):
            if np.any(bits[start : start + _BLOCK] & size >= least):
                return name
    return None


def _add(digest: hashlib._Hash, record: Iterable[object]) -> None:
    digest.update(json.dumps(record).encode())


def _to_json(key: str, value: object) -> str:
    if key in RESERVED_META:
        raise UsageError(f"weights meta: {key!r} is a reserved name ({', '.join(RESERVED_META)}): choose another")
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        (key + text).encode()  # a lone surrogate is a Python string, but no text
        return text
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"weights meta: the value of {key!r} cannot be written as JSON text ({error})") from error


def _from_json(text: Mapping[str, str], path: Path) -> dict[str, object]:
    try:
        meta = {key: json.loads(value) for key, value in text.items() if key not in RESERVED_META}
        for _ in nested(meta, _DEEPEST):  # whoever walks through it comes to an end
            pass
        return meta
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its metadata are not JSON, or nested too deep") from error
