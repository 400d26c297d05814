"""A finished picture as an answer: the file alone, or with its small copies as the parts of a form."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse, Response, StreamingResponse

from nircolor.serving.plain import AFTER, BEFORE
from nircolor.serving.uploads import Upload, suffix_of
from nircolor.wording import one_line

Facts = dict[str, Any]
"""What the worker says of a picture, or a request hears of it."""

RESULT = "nircolor-result"
"""The header with what became of a picture, as JSON."""
_LONGEST = 6000  # bytes of that header: clients read at most 8 to 64 kB of a line
_BLOCK = 1 << 16
_TYPES = {name: f"image/{name.lower()}" for name in ("PNG", "TIFF", "JPEG", "WEBP", "BMP", "JXL", "AVIF")}


def told(facts: Mapping[str, Any], upload: Upload) -> dict[str, Any]:
    """What became of a picture, by the names that its sender knows."""
    output = Path(facts["output"])
    name = f"{upload.name.removesuffix(suffix_of(upload.name))}_rgb{output.suffix}"
    warnings = [named(text, upload, name, output) for text in facts["warnings"]]
    kept = {key: value for key, value in facts.items() if value is not None}
    return {**kept, "input": upload.name, "output": name, "warnings": warnings}


def named(text: str, upload: Upload, name: str = "", output: Path | None = None) -> str:
    """A line in which paths of this machine have become names."""
    for path, known in ((output, name), (upload.path, upload.name)):
        text = text.replace(str(path), known) if path else text
    return one_line(text)


def file(result: Mapping[str, Any], path: Path) -> Response:
    """The picture itself; what became of it stands in a header."""
    text = json.dumps(result)
    short = text if len(text) <= _LONGEST else json.dumps({**result, "warnings": ["too many for a header"]})
    return FileResponse(path, media_type=_TYPES[result["format"]], filename=result["output"], headers={RESULT: short})


def form(result: Mapping[str, Any], path: Path) -> Response:
    """``result`` (JSON), ``before`` and ``after`` (JPEG), ``output`` (the file)."""
    boundary = f"nircolor-{secrets.token_hex(16)}"
    parts: list[tuple[bytes, bytes | Path]] = [
        (_head(boundary, "result", "application/json"), json.dumps(result).encode("ascii")),
        (_head(boundary, "before", "image/jpeg", BEFORE), path.with_name(BEFORE)),
        (_head(boundary, "after", "image/jpeg", AFTER), path.with_name(AFTER)),
        (_head(boundary, "output", _TYPES[result["format"]], quote(result["output"])), path),
    ]
    end = f"\r\n--{boundary}--\r\n".encode("ascii")
    size = len(end) + sum(len(head) + _size(body) for head, body in parts)
    headers = {"content-length": str(size)}
    return StreamingResponse(_stream(parts, end), 200, headers, f"multipart/form-data; boundary={boundary}")


def _head(boundary: str, name: str, media: str, file: str = "") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    lines = (f"\r\n--{boundary}", f"Content-Disposition: {disposition}", f"Content-Type: {media}", "", "")
    return "\r\n".join(lines).encode("ascii")


def _size(body: bytes | Path) -> int:
    return len(body) if isinstance(body, bytes) else body.stat().st_size


def _stream(parts: list[tuple[bytes, bytes | Path]], end: bytes) -> Iterator[bytes]:
    for head, body in parts:
        yield head
        if isinstance(body, bytes):
            yield body
            continue
        with body.open("rb") as stream:
            while block := stream.read(_BLOCK):
                yield block
    yield end
