"""Frames on their way: while the network colorizes one, the next is being read and the last one written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.video.frames import Source
from nircolor.video.sink import Sink

Paint = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Passed:
    """How many frames came through, and what kept the rest from it."""

    frames: int
    damage: InputError | None = None


def run(
    source: Source,
    sink: Sink,
    paint: Paint,
    on_frame: Callable[[int], None] = lambda done: None,
    forget: Callable[[], None] = lambda: None,
) -> Passed:
    """Colorize all frames of ``source`` into ``sink``, which is left to be finished. Few frames are in memory. Frames
    that bring their colours along pass as they are, and ``forget`` is called: what ``paint`` sees next is no sequel.

    What comes before a damaged frame is kept. Raises InputError where the very first one is damaged, and what
    ``paint``, ``sink`` and ``on_frame`` (called with the number of frames done) raise.
    """
    frames, done, damage = source.frames(), 0, None
    with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:
        ahead = reader.submit(next, frames, None)
        behind: Future[None] | None = None
        while True:
            try:
                frame = ahead.result()
            except InputError as error:
                damage = error
                break
            if frame is None:
                break
            ahead = reader.submit(next, frames, None)
            if frame.colours is None:
                rgb = paint(frame.image.pixels)
            else:
                rgb = frame.colours
                forget()
            if behind:
                behind.result()
            behind = writer.submit(sink.write, frame, rgb)
            done += 1
            on_frame(done)
        if behind:
            behind.result()
    if damage and not done:
        raise damage
    return Passed(done, damage)
