"""The process that colorizes: it reads jobs from standard input, one line each, and answers on standard output.

    in    {"engine": {...}, "weights": [...], "pixels": 100000000}                once, at the start
          {"job": 1, "source": "/tmp/.../picture.tif", "fields": {...}, "preview": true}
          {"stop": 1}
    out   {"ready": {...}}, or {"failed": {...}}                                  once; {"warned": "..."} whenever
          {"job": 1, "progress": ["colorizing", 10, 400]}, {"job": 1, "done": {...}}, {"job": 1, "error": {...}}

It ends with its standard input, whatever it is doing, so that it never outlives the server.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Event as StopEvent
from threading import Thread
from typing import Any, BinaryIO

from nircolor.batch.probe import probe
from nircolor.colorize import FileResult, colorize_file
from nircolor.colorizer import Colorizer
from nircolor.correction import Correction
from nircolor.engine import EngineConfig
from nircolor.errors import InputError
from nircolor.events import EngineReady, Event, Observer, Progress, Reporter, Warned
from nircolor.image.formats import HEAD, SUPPORTED, sniff
from nircolor.serving.plain import AFTER, BEFORE, TooLargeError, line, of_error, read, to_engine
from nircolor.serving.preview import Watched
from nircolor.serving.settings import Settings

_LOADED = 2  # networks that are kept: that of the start, and another one
_FACTS = (
    "format",
    "width",
    "height",
    "depth",
    "seconds",
    "pages",
    "device",
    "kernel",
    "precision",
    "weights",
    "sha256",
)


class Engines:
    """Loaded networks by the name of their weights; ``config``: that of the start."""

    def __init__(self, config: EngineConfig, observe: Observer) -> None:
        """Raises what ``EngineConfig.load`` does."""
        self.config, self._loaded = config, OrderedDict[str, Colorizer]()
        self._observe = observe
        self.get(config.weights)

    def get(self, name: str) -> Colorizer:
        """Raises what ``EngineConfig.load`` does."""
        if name not in self._loaded:
            while len(self._loaded) >= _LOADED:
                self._loaded.popitem()
            bare = replace(self.config, weights=name, correction=Correction())
            self._loaded[name] = bare.load(Reporter(self._observe))
        return self._loaded[name]


class Worker:
    """Does one job after the other, and tells how far it is."""

    def __init__(self, engines: Engines, weights: list[str], pixels: int, tell: Callable[..., None]) -> None:
        self._engines, self._weights, self._pixels, self._tell = engines, weights, pixels, tell
        self._shown = -1.0

    def do(self, job: dict[str, Any], stop: StopEvent) -> None:
        """Answers whatever happens."""
        try:
            self._tell(job=job["job"], done=self._colorize(job, stop))
        except Exception as error:
            self._tell(job=job["job"], error=of_error(error))

    def _colorize(self, job: dict[str, Any], stop: StopEvent) -> dict[str, Any]:
        source = Path(job["source"])
        settings = Settings.parse(job["fields"], self._engines.config, self._weights)
        self._look(source)
        self._progress(job["job"], Progress("loading the weights"))
        engine = Watched(self._engines.get(settings.engine.weights), settings.engine, self._admit)
        result = colorize_file(
            source,
            engine=engine,
            reading=settings.reading,
            writing=settings.writing,
            stop=stop,
            on_event=lambda event: self._progress(job["job"], event),
        )
        if job["preview"]:
            self._progress(job["job"], Progress("making the small copies"))
            engine.write(source.with_name(BEFORE), source.with_name(AFTER))
        return facts(result)

    def _look(self, source: Path) -> None:
        """Refuse what has too many pixels, and what is read by its name and not by its content alone: a VRT would lead
        to other files of this machine.
        """
        with source.open("rb") as stream:
            head = stream.read(HEAD)
        if head and sniff(head) is None:
            raise InputError("is no picture of a supported format", remedy=f"convert it to one of {SUPPORTED}")
        if size := probe(source):
            self._admit(*size)

    def _admit(self, height: int, width: int) -> None:
        if height * width > self._pixels:
            most = f"{self._pixels / 1e6:g} megapixels"
            raise TooLargeError(
                f"is {width} x {height} pixels, and this server takes {most}",
                remedy="cut it into parts, or colorize it with nircolor colorize",
            )

    def _progress(self, job: int, event: Event) -> None:
        """In whole percents: a large picture has thousands of tiles."""
        if isinstance(event, Progress):
            share = event.done / event.total if event.total else -1.0
            if share < 0 or abs(share - self._shown) >= 0.01:
                self._shown = share
                self._tell(job=job, progress=[event.stage, event.done, event.total])


def facts(result: FileResult) -> dict[str, Any]:
    """What a request hears of its picture. Paths and warnings are those of this machine still."""
    values = asdict(result)
    return {"output": result.output, "warnings": list(result.warnings), **{name: values[name] for name in _FACTS}}


def listen(stream: BinaryIO, jobs: SimpleQueue[tuple[dict[str, Any], StopEvent]]) -> None:
    """Puts jobs into the queue, and sets the event of one that is to stop; ends the process with the stream."""
    events: dict[int, StopEvent] = {}
    for data in stream:
        message = read(data)
        if "stop" in message and (event := events.get(message["stop"])):
            event.set()
        elif "job" in message:
            events = {message["job"]: StopEvent()}
            jobs.put((message, events[message["job"]]))
    os._exit(0)


def main() -> None:
    """Whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    begin = read(sys.stdin.buffer.readline())

    def tell(**values: Any) -> None:
        answers.write(line(**values))

    def observe(event: Event) -> None:
        if isinstance(event, EngineReady):
            tell(ready=asdict(event))
        elif isinstance(event, Warned):
            tell(warned=event.text)

    try:
        engines = Engines(to_engine(begin["engine"]), observe)
    except Exception as error:
        tell(failed=of_error(error))
        return
    worker = Worker(engines, begin["weights"], begin["pixels"], tell)
    jobs: SimpleQueue[tuple[dict[str, Any], StopEvent]] = SimpleQueue()
    Thread(target=listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    while True:
        worker.do(*jobs.get())


if __name__ == "__main__":
    main()
