"""Every error nircolor raises on purpose, and the exit code each one ends a command with.

    NircolorError            1   something failed; the message is one clear line
    |-- UsageError           2   the call itself is wrong
    |   `-- OutputExistsError 2  the output is there already and overwriting was not asked for
    |-- InputError           3   the input cannot be read or is not supported
    |   |-- ColourInputError 3   the input is a colour picture, where a near-infrared one is wanted
    |   |-- DamagedInputError 3  a part of the input cannot be decoded, and the rest could be read
    |   |-- PagesInputError  3   the input has several pages, where one is wanted
    |   `-- UndevelopedInputError 3 the input is camera raw, which has to be developed first
    |-- OutputError          1   the output cannot be written (folder, permission, full disk)
    |-- WeightsError         4   weights are missing, damaged or from a newer version
    |-- DeviceError          5   the device is not there, or ran out of memory
    `-- StoppedError              130 the caller's ``stop`` event ended the work

A message names the path or the option concerned and says what to do about it. Options are written as arguments of
Python, in backticks: `overwrite=True`. The command line writes them as its own (`wording.py`): --overwrite.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any, TypeVar

Error = TypeVar("Error", bound="NircolorError")


def display_name(source: str | Path | bytes) -> str:
    """What messages call ``source``; always one printable line."""
    if isinstance(source, bytes):
        return "standard input"
    name = os.fspath(source)
    return name if name.isprintable() else ascii(name)


class NircolorError(Exception):
    """Root of the tree: ``path: reason; remedy``, or ```option=value`: reason; remedy``.

    reason: what is wrong. path: the file or folder concerned. option, value: the argument concerned, by its name in
    Python; no ``value``: the option as such. remedy: what helps. ``exit_code`` is what a command returns when it ends
    with this error.
    """

    exit_code = 1

    def __init__(
        self,
        reason: str,
        *,
        path: str | Path | bytes | None = None,
        option: str | None = None,
        value: Any = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason, self.path, self.option, self.value, self.remedy = reason, path, option, value, remedy

    def __str__(self) -> str:
        return f"{self.subject}: {self.fault}" if self.subject else self.fault

    @property
    def subject(self) -> str:
        """What the message is about; empty where the reason says so itself."""
        if self.path is not None:
            return display_name(self.path)
        if self.option is None:
            return ""
        return f"`{self.option}`" if self.value is None else f"`{self.option}={self.value}`"

    @property
    def fault(self) -> str:
        """The message without its subject: for whoever names the file beside it."""
        return f"{self.reason}; {self.remedy}" if self.remedy else self.reason

    def at(self: Error, path: str | Path | bytes) -> Error:
        """The same error about ``path``: for readers that were given a stream, whose callers know its name."""
        other = copy.copy(self)
        other.path, other.__cause__ = path, self.__cause__
        return other

    def within(self: Error, part: str) -> Error:
        """The same error about a ``part`` of the input: ``page 3``, ``frame 12``."""
        other = copy.copy(self)
        other.reason, other.__cause__ = f"{part}: {self.reason}", self.__cause__
        return other

    def with_remedy(self: Error, remedy: str) -> Error:
        """The same error with other advice: for callers who know better what helps."""
        other = copy.copy(self)
        other.remedy, other.__cause__ = remedy, self.__cause__
        return other


class UsageError(NircolorError):
    """The call is wrong: an unknown option value, options that exclude each other."""

    exit_code = 2


class OutputExistsError(UsageError):
    """The output exists and overwriting was not asked for."""


class InputError(NircolorError):
    """The input is missing, unreadable, damaged or of a kind that is not supported."""

    exit_code = 3


class ColourInputError(InputError):
    """The input is a colour picture; whoever colorizes many may pass it on."""


class DamagedInputError(InputError):
    """Some of the strips or tiles of the input cannot be decoded; whoever takes holes for them may read the rest."""


class PagesInputError(InputError):
    """The input has several pages, of which none was chosen; whoever can take all of them may offer it."""


class UndevelopedInputError(InputError):
    """The input is sound, but holds the samples of a camera's sensor: camera raw, which whoever can may develop."""


class OutputError(NircolorError):
    """The output cannot be written; nothing partial is left behind."""

    exit_code = 1


class WeightsError(NircolorError):
    """Weights are missing, damaged, or written by a newer nircolor."""

    exit_code = 4


class DeviceError(NircolorError):
    """The device asked for is not there, or has not enough memory."""

    exit_code = 5


class StoppedError(NircolorError):
    """The ``stop`` event of a verb was set; nothing partial is left behind."""

    exit_code = 130
