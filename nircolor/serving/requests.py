"""One request for colours, from its first byte to the last of its answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nircolor.engine import EngineConfig
from nircolor.errors import NircolorError
from nircolor.serving import answers
from nircolor.serving.config import Limits
from nircolor.serving.desk import Desk, Place
from nircolor.serving.plain import of_error, to_error
from nircolor.serving.refused import RefusedError, answer
from nircolor.serving.settings import Settings
from nircolor.serving.uploads import Body, Upload, own_folder, take
from nircolor.serving.worker import Worker

T = TypeVar("T")
FORM = "multipart/form-data"
_TOKEN = re.compile(r"[A-Za-z0-9-]{8,64}")
Note = Callable[[str, bool], None]
"""Gets a line about a request, and whether it got its picture."""


@dataclass(frozen=True)
class Colorize:
    """``POST /colorize``. ``weights``: names that may be asked for. ``home``: a folder for what is under way."""

    desk: Desk
    worker: Worker
    engine: EngineConfig
    weights: Collection[str]
    limits: Limits
    home: Path
    note: Note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive, self.limits.upload_bytes)
        with ExitStack() as stack:
            try:
                response = await self._answered(Request(scope, receive), body, stack)
            except ClientDisconnect:
                self.note("somebody left before the picture was done", False)
                return
            if not body.ended and not _is_asking(scope):
                await body.drain()
            await asyncio.wait_for(response(scope, receive, send), self.limits.timeout)

    async def _answered(self, request: Request, body: Body, stack: ExitStack) -> Response:
        """``stack`` keeps the place and the files until the answer has been sent."""
        names: list[Upload] = []
        try:
            place = stack.enter_context(self.desk.place(_token(request)))
            folder = own_folder(self.home, stack)
            names.append(await self._received(request, body, folder))
            return await self._made(request, names[0], place)
        except ClientDisconnect:
            raise
        except Exception as failure:
            error = failure if isinstance(failure, NircolorError) else to_error(of_error(failure))
            name = names[0].name if names else ""
            error = _renamed(error, names[0]) if names else error
            setting = f"{error.subject}: " if error.option else ""
            self.note(f"{name or 'a request'}: {setting}{error.reason}", False)
            return answer(error, name)

    async def _received(self, request: Request, body: Body, folder: Path) -> Upload:
        try:
            return await asyncio.wait_for(take(request, body, folder), self.limits.timeout)
        except asyncio.TimeoutError:
            reason = f"the upload took more than {self.limits.timeout:g} s"
            raise RefusedError(408, reason, "send it again") from None

    async def _made(self, request: Request, upload: Upload, place: Place) -> Response:
        Settings.parse(upload.fields, self.engine, self.weights)  # what is wrong with it is told before it waits
        parts = FORM in request.headers.get("accept", "")
        facts = await _unless_gone(request, self._work(upload, place, parts))
        result = answers.told(facts, upload)
        size = f"{result['width']} x {result['height']}, {result['depth']} bit"
        self.note(f"{upload.name} -> {result['output']}: {size}, {result['seconds']} s", True)
        return (answers.form if parts else answers.file)(result, Path(facts["output"]))

    async def _work(self, upload: Upload, place: Place, preview: bool) -> answers.Facts:
        async with self.desk.turn(place):
            work = self.worker.do(upload.path, dict(upload.fields), preview, place.tell)
            try:
                return await asyncio.wait_for(work, self.limits.timeout)
            except asyncio.TimeoutError:
                reason = f"took more than {self.limits.timeout:g} s and was stopped"
                raise RefusedError(504, reason, "send a smaller picture, or let the server have more time") from None


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Raises ClientDisconnect, and stops the work first, when nobody waits for it any more."""
    made, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((made, gone), return_when=asyncio.FIRST_COMPLETED)
        if not made.done():
            raise ClientDisconnect
        return made.result()
    finally:
        made.cancel()
        gone.cancel()
        await asyncio.gather(made, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _renamed(error: NircolorError, upload: Upload) -> NircolorError:
    error.reason = answers.named(error.reason, upload)
    error.remedy = answers.named(error.remedy, upload) if error.remedy else None
    return error


def _token(request: Request) -> str:
    """By which progress is asked for; nothing where it is none."""
    text = request.query_params.get("job", "")
    return text if _TOKEN.fullmatch(text) else ""


def _is_asking(scope: Scope) -> bool:
    """Whether the client waits for a word before it sends its picture."""
    return any(name == b"expect" for name, _ in scope["headers"])
