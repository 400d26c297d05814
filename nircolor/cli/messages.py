"""Standard error that breaks no work: a message that cannot be written is lost, and nothing with it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class _Lossy:
    """In the place of a text stream, which answers to whatever else is asked. What fails is not tried again, for what
    has been kept for later would spoil the exit code when Python ends.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError) as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _give_up(self, error: Exception) -> None:
        if isinstance(error, BlockingIOError):  # a reader that is slow
            return
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def printable_output() -> Iterator[None]:
    """While entered, standard output takes any text: what its encoding has not is written as Python writes it."""
    stream, before = sys.stdout, getattr(sys.stdout, "errors", None)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError, ValueError):  # closed, or its reader gone: then nothing will be written to it either
                stream.reconfigure(errors=before)


@contextmanager
def lossy_messages() -> Iterator[None]:
    """While entered, nothing that is written to standard error raises: the disk behind it may be full, its reader or
    its terminal gone.
    """
    real = sys.stderr
    if real:
        sys.stderr = cast(TextIO, _Lossy(real))
    try:
        yield
    finally:
        sys.stderr = real
