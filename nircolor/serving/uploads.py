"""A form on its way in: counted while it comes, streamed to a file, kept under a name of our own."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message, Receive

from nircolor.errors import OutputError
from nircolor.files import folder_in
from nircolor.serving.refused import RefusedError
from nircolor.written import visible

FILE = "file"
_FIELD_BYTES, _FIELDS = 1 << 12, 40
_FORM = 1 << 16  # bytes around the picture: names and values of the fields
_PRIVATE = 0o700
_DRAINED = 10.0  # seconds that are spent on what nobody wants
_HOW = f"send a form (multipart/form-data) with the picture as `{FILE}`, as curl -F {FILE}=@photo.tif does"
_LONGEST = 120  # characters of a name
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


@dataclass(frozen=True)
class Upload:
    """``path``: the picture. ``name``: what its sender calls it, fit for messages and headers."""

    path: Path
    name: str
    fields: Mapping[str, str]


class Body:
    """What ``receive`` hands out, counted: RefusedError (413) once it is more than ``most`` bytes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._bytes = receive, most + _FORM, 0
        self.ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self.ended = self.ended or message["type"] == "http.disconnect" or not message.get("more_body", False)
        self.check(self._bytes)
        return message

    def check(self, size: int) -> None:
        """Raises RefusedError for more bytes than are taken."""
        if size > self._most:
            most = f"{(self._most - _FORM) / 1e6:g} MB"
            raise RefusedError(413, f"the upload is larger than {most}, which is what this server takes", "send less")

    async def drain(self) -> None:
        """Take what is still coming: a client that is not done with sending would not hear the answer."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._rest(), _DRAINED)

    async def _rest(self) -> None:
        while not self.ended:
            message = await self._receive()
            self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)


async def take(request: Request, body: Body, folder: Path) -> Upload:
    """The picture of a form, in ``folder``. Raises RefusedError, ClientDisconnect; OutputError for a full disk."""
    body.check(_length(request))
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise RefusedError(415, "this is no form with a picture", _HOW)
    try:
        form = await _parsed(Request(request.scope, body.receive))
        try:
            return await _kept(form, folder)
        finally:
            await form.close()
    except (MultiPartException, FormParserError) as error:
        reason = error.message if isinstance(error, MultiPartException) else "it does not follow the rules"
        raise RefusedError(400, f"the form cannot be read ({reason.rstrip('.')})", _HOW) from error
    except OSError as error:
        raise _unkept(error) from error


def own_folder(home: Path, stack: ExitStack) -> Path:
    """A folder in ``home`` until the end of ``stack``, into which no other user of this machine can look. Raises
    OutputError.
    """
    try:
        return stack.enter_context(folder_in(home, _PRIVATE))
    except OSError as error:
        raise _unkept(error) from error


def _unkept(error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"the upload cannot be kept ({reason})", remedy="see to the disk and the temporary folder of the server"
    )


class _Parser(MultiPartParser):
    """One that knows whether the form has come to its end, which Starlette's does not ask."""

    has_ended = False

    def on_end(self) -> None:
        self.has_ended = True


async def _parsed(request: Request) -> FormData:
    sizes = {"max_files": 2, "max_fields": _FIELDS, "max_part_size": _FIELD_BYTES}
    parser = _Parser(request.headers, request.stream(), **sizes)
    form = await parser.parse()
    if not parser.has_ended:
        await form.close()
        raise RefusedError(400, "the form ends too early: a part of the upload is missing", "send it again")
    return form


async def _kept(form: FormData, folder: Path) -> Upload:
    files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    if not files or files[0][0] != FILE:
        raise RefusedError(400, f"the form has no picture: `{FILE}` is missing", _HOW)
    if len(files) > 1:
        raise RefusedError(400, "the form has several pictures", "send one request for each")
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    fields = dict(texts)
    if len(fields) < len(texts):
        raise RefusedError(400, "the form has a setting twice", "send each once")
    upload = files[0][1]
    assert isinstance(upload, UploadFile)
    name = shown(upload.filename or "")
    path = folder / f"picture{suffix_of(name)}"
    await asyncio.to_thread(_copy, upload.file, path)
    return Upload(path, name, fields)


def shown(name: str) -> str:
    """The last part of a path of any system, in one visible line: it is said to people, and never opened."""
    last = re.split(r"[/\\]", name)[-1].strip()
    text = visible(last.encode("utf-8", "replace").decode("utf-8"))
    if len(text) > _LONGEST:
        text = text[: _LONGEST - len(suffix_of(text))] + suffix_of(text)
    return text if text.strip(".") else "picture"


def suffix_of(name: str) -> str:
    """``.tif`` of ``photo.tif``; nothing where it is no plain one."""
    suffix = Path(name).suffix
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def _copy(source: BinaryIO, path: Path) -> None:
    with path.open("xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def _length(request: Request) -> int:
    """What the request says of itself."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdecimal() else 0
