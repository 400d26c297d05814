"""Frames on their way: all of them, in order, a few at a time, up to what is damaged."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nircolor.errors import InputError, OutputError
from nircolor.image import ImageInfo, NirImage
from nircolor.video import Frame, Stream, run
from nircolor.video.flow import TOGETHER


class Counted:
    """A source of frames that counts how many of them are alive."""

    def __init__(self, count: int, damaged: int | None = None) -> None:
        self.stream = Stream(Path("x"), 4, 4, 25.0, count)
        self.count, self.damaged, self.alive, self.most = count, damaged, 0, 0

    def frames(self) -> Iterator[Frame]:
        for i in range(self.count):
            if i == self.damaged:
                raise InputError(f"x: frame {i + 1}: is damaged")
            image = NirImage(np.full((4, 4), i / 255, np.float32), None, ImageInfo("PNG", "uint8"))
            self.alive += 1
            self.most = max(self.most, self.alive)
            weakref.finalize(image, self.forget)
            yield Frame(f"{i}.png", image)
            del image

    def forget(self) -> None:
        self.alive -= 1

    def close(self) -> None:
        pass


class Kept:
    def __init__(self, full_at: int | None = None) -> None:
        self.names: list[str] = []
        self.values: list[int] = []
        self.threads: set[str] = set()
        self.full_at = full_at

    def write(self, frame: Frame, rgb: np.ndarray) -> None:
        if len(self.names) == self.full_at:
            raise OutputError("y: the disk is full")
        self.names.append(frame.name)
        self.values.append(round(float(rgb[0, 0, 0]) * 255))
        self.threads.add(threading.current_thread().name)

    def finish(self) -> None:
        pytest.fail("that is for the caller to do")


def paint(frames: Sequence[Frame]) -> list[Any]:
    return [np.repeat(frame.image.pixels[..., None], 3, 2) for frame in frames]


def test_all_frames_in_order_and_few_in_memory() -> None:
    gc.collect()
    source, sink, told = Counted(200), Kept(), []
    passed = run(source, sink, paint, told.append)
    assert (passed.frames, passed.damage) == (200, None)
    assert sink.names == [f"{i}.png" for i in range(200)]
    assert sink.values == list(range(200))
    assert told == list(range(1, 201))
    assert source.most <= 3 * TOGETHER + 1
    assert all(name.startswith("write") for name in sink.threads)


def test_reading_writing_and_colorizing_overlap() -> None:
    """Each of the three waits until all three are at work at once: one after the other they would wait for ever."""
    together, calls = threading.Barrier(3, timeout=300), []

    class Waiting(Counted):
        def frames(self) -> Iterator[Frame]:
            for i, frame in enumerate(super().frames()):
                if i == 2 * TOGETHER + 2:
                    together.wait()
                yield frame

    class WaitingSink(Kept):
        def write(self, frame: Frame, rgb: np.ndarray) -> None:
            if frame.name == "0.png":
                together.wait()
            super().write(frame, rgb)

    def waiting(frames: Sequence[Frame]) -> Any:
        calls.append(frames)
        if len(calls) == 2:
            together.wait()
        return paint(frames)

    assert run(Waiting(30), WaitingSink(), waiting).frames == 30


def test_what_comes_before_the_damage_is_kept() -> None:
    sink = Kept()
    passed = run(Counted(9, damaged=5), sink, paint)
    assert passed.frames == len(sink.names) == 5
    assert "frame 6" in str(passed.damage)


def test_damage_at_the_start_is_an_error() -> None:
    with pytest.raises(InputError, match="frame 1"):
        run(Counted(9, damaged=0), Kept(), paint)


def test_a_full_disk_ends_the_work() -> None:
    with pytest.raises(OutputError, match="full"):
        run(Counted(50), Kept(full_at=3), paint)
    assert not [t.name for t in threading.enumerate() if t.name.startswith(("read_", "write_"))]


def test_frames_that_come_slowly_do_not_wait_for_others() -> None:
    """A camera: the next frame comes only after the last one has been written."""
    written = threading.Semaphore(1)

    class Camera(Counted):
        def __init__(self, count: int) -> None:
            super().__init__(count)
            self.stream.is_live = True

        def frames(self) -> Iterator[Frame]:
            for frame in super().frames():
                assert written.acquire(timeout=300)
                yield frame

    class Screen(Kept):
        def write(self, frame: Frame, rgb: np.ndarray) -> None:
            super().write(frame, rgb)
            written.release()

    assert run(Camera(6), Screen(), paint).frames == 6


def test_frames_that_are_there_go_together() -> None:
    counts: list[int] = []
    read = threading.Event()

    class Fast(Counted):
        def frames(self) -> Iterator[Frame]:
            yield from super().frames()
            read.set()

    def slow(frames: Sequence[Frame]) -> list[Any]:
        counts.append(len(frames))
        assert len(counts) > 1 or read.wait(300)
        return paint(frames)

    run(Fast(TOGETHER), Kept(), slow)
    assert counts == [TOGETHER]


def test_a_file_fills_each_group_however_slowly_its_frames_come() -> None:
    """So that two runs group them alike, and round alike."""
    counts: list[int] = []

    class Slow(Counted):
        def frames(self) -> Iterator[Frame]:
            for frame in super().frames():
                time.sleep(0.01)
                yield frame

    def count(frames: Sequence[Frame]) -> list[Any]:
        counts.append(len(frames))
        return paint(frames)

    run(Slow(2 * TOGETHER + 1), Kept(), count)
    assert counts == [TOGETHER, TOGETHER, 1]
