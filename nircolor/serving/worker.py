"""The process that colorizes, as the server sees it: started, asked, stopped; replaced when it hangs or crashes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from nircolor.engine import EngineConfig
from nircolor.errors import DeviceError, InputError, NircolorError
from nircolor.events import EngineReady, Observer, Warned
from nircolor.serving.plain import line, of_engine, read, to_error

_PATIENCE = 2.0  # seconds that a job may take to stop, before its process is ended
_LONGEST = 1 << 22  # bytes of an answer
Told = Callable[[str, float, float], None]
"""Gets how far a job is: stage, done, total."""


class Worker:
    """One job at a time; its owner sees to that."""

    def __init__(self, engine: EngineConfig, weights: list[str], pixels: int, observe: Observer) -> None:
        self._observe = observe
        self._begin = {"engine": of_engine(engine), "weights": weights, "pixels": pixels}
        self._process: Process | None = None
        self._ended: list[Process] = []
        self._job = 0
        self.is_hurried: Callable[[], bool] = lambda: False
        """Whether the server ends: nothing is waited for."""

    async def start(self) -> EngineReady:
        """Raises what ``EngineConfig.load`` does."""
        command = [sys.executable, "-m", "nircolor.serving.work"]
        own = {"start_new_session": True}  # Ctrl-C is for the server, which sees to the rest
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_LONGEST, **own)  # type: ignore[arg-type]
        self._process = process
        try:
            await self._send(process, self._begin)
            answer = await self._receive(process)
        except BaseException:
            self.kill()
            raise
        if "ready" not in answer:
            self.kill()
            raise (
                to_error(answer["failed"])
                if "failed" in answer
                else DeviceError("the process that colorizes has ended", remedy="run nircolor doctor")
            )
        return EngineReady(**answer["ready"])

    async def do(self, source: Path, fields: dict[str, str], preview: bool, told: Told) -> dict[str, Any]:
        """What became of a picture (``work.facts``). When it is cancelled, the work stops before it returns.

        Raises what ``colorize_file`` does, and InputError where the picture ends the process.
        """
        if self._process is None or self._process.returncode is not None:
            told("loading the weights", 0, 0)
            await self.close()
            await self.start()
        process = self._process
        assert process is not None
        self._job += 1
        job = {"job": self._job, "source": str(source), "fields": fields, "preview": preview}
        try:
            await self._send(process, job)
            return await self._answer(process, told)
        except asyncio.CancelledError:
            await self._stop(process)
            raise

    def kill(self) -> None:
        """At once, whatever it does."""
        if self._process is not None:
            self._ended.append(self._process)
            with suppress(ProcessLookupError):
                self._process.kill()
        self._process = None

    async def close(self) -> None:
        """At once, and all of it."""
        self.kill()
        while self._ended:
            await self._ended.pop().wait()

    async def _answer(self, process: Process, told: Told) -> dict[str, Any]:
        while True:
            answer = await self._receive(process)
            if not answer:
                self.kill()
                raise InputError(
                    "has ended the process that colorizes: memory ran out, or it is damaged in a way nobody foresaw",
                    remedy="get a fresh copy, or a smaller picture",
                )
            if answer.get("job") != self._job:
                continue
            if "done" in answer:
                found: dict[str, Any] = answer["done"]
                return found
            if "error" in answer:
                raise to_error(answer["error"])
            told(*answer["progress"])

    async def _stop(self, process: Process) -> None:
        """It has a moment to do so by itself, and keeps its network; else it is ended."""
        try:
            if self.is_hurried():
                raise asyncio.TimeoutError
            await self._send(process, {"stop": self._job})
            await asyncio.wait_for(self._answer(process, lambda *_: None), _PATIENCE)
        except NircolorError:
            pass  # it has stopped
        except (asyncio.TimeoutError, asyncio.CancelledError):
            self.kill()

    @staticmethod
    async def _send(process: Process, message: dict[str, Any]) -> None:
        assert process.stdin is not None
        with suppress(ConnectionError):  # it has ended: what it would have answered says so
            process.stdin.write(line(**message))
            await process.stdin.drain()

    async def _receive(self, process: Process) -> dict[str, Any]:
        """The next message; nothing when there will be none."""
        assert process.stdout is not None
        while data := await process.stdout.readline():
            answer = read(data)
            if "warned" in answer:
                self._observe(Warned(answer["warned"]))
            elif answer:
                return answer
        return {}
