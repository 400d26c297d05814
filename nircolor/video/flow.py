"""Frames on their way: while the network colorizes some, the next are being read and the last ones written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, main_thread
from typing import Any

from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.video.frames import Frame, Source
from nircolor.video.write.sink import Sink

TOGETHER = 4
"""Frames that go through the network in one pass, at most: as many as are there, so that none of a camera's waits."""

_LOOK = 0.2  # seconds between looks at whether frames are still wanted

Paint = Callable[[Sequence[Frame]], list[NDArray[Any]]]


@dataclass(frozen=True)
class Passed:
    """How many frames came through, and what kept the rest from it."""

    frames: int
    damage: InputError | None = None


def run(source: Source, sink: Sink, paint: Paint, on_frame: Callable[[int], None] = lambda done: None) -> Passed:
    """Colorize all frames of ``source`` into ``sink``, which is left to be finished. At most ``3 * TOGETHER + 1``
    frames are in memory.

    What comes before a damaged frame is kept. Raises InputError where the very first one is damaged, and what
    ``paint``, ``sink`` and ``on_frame`` (called with the number of frames done) raise.
    """
    done, ahead = 0, _Ahead(source)
    try:
        with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:
            try:
                reading, behind = reader.submit(ahead.read), Future[None]()
                behind.set_result(None)
                while frames := ahead.take():
                    colours = paint(frames)
                    behind.result()
                    behind = writer.submit(_write, sink, frames, colours)
                    for _ in frames:
                        done += 1
                        on_frame(done)
                behind.result()
            except BaseException:
                source.stream.is_given_up = True
                raise
            finally:
                ahead.stop()
    finally:
        ahead.wait()  # a signal may have ended the wait of the pools, and whoever called closes the source
    damage = reading.result()
    if damage and not done:
        raise damage
    return Passed(done, damage)


def _write(sink: Sink, frames: list[Frame], colours: list[NDArray[Any]]) -> None:
    for frame, rgb in zip(frames, colours, strict=True):
        sink.write(frame, rgb)


class _Ahead:
    """Frames that are read before they are asked for, a few at most."""

    def __init__(self, source: Source) -> None:
        self._source, self._stopped = source, Event()
        self._queue: Queue[Frame | None] = Queue(TOGETHER)
        self._ended = Event()
        self._ended.set()
        self._patient = not source.stream.is_live  # a file fills each group, so that two runs group its frames alike

    def read(self) -> InputError | None:
        """All frames, in a thread of its own, until ``stop``; the damage that ends them."""
        self._ended.clear()
        try:
            if self._stopped.is_set():  # before it began: whoever waited for it may have closed the source
                return None
            for frame in self._source.frames():
                if not self._put(frame):
                    break
        except InputError as error:
            return error
        finally:
            self._put(None)
            self._ended.set()
        return None

    def _put(self, frame: Frame | None) -> bool:
        """Wait for room; False once nobody takes frames any more. A signal can end the main thread without ``stop``."""
        while not self._stopped.is_set() and main_thread().is_alive():
            try:
                self._queue.put(frame, timeout=_LOOK)
            except Full:
                continue
            return True
        return False

    def take(self) -> list[Frame]:
        """The next frames: of a live input those that are there, at least one, for which it waits; none at the end."""
        frames = [self._queue.get()]
        while frames[-1] is not None and len(frames) < TOGETHER:
            try:
                frames.append(self._queue.get(block=self._patient))
            except Empty:
                break
        if frames[-1] is None:
            self._queue.put(None)  # for the next call
        return [frame for frame in frames if frame is not None]

    def stop(self) -> None:
        """Let the reader go on to its end."""
        self._stopped.set()

    def wait(self) -> None:
        """Until the reader has let go of the source, but not for one that is silent."""
        self.stop()
        self._ended.wait(10)
