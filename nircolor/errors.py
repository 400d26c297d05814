"""Every error nircolor raises on purpose, and the exit code each one ends a command with.

    NircolorError            1   something failed; the message is one clear line
    |-- UsageError           2   the call itself is wrong
    |   `-- OutputExistsError 2  the output is there already and --overwrite was not given
    |-- InputError           3   the input cannot be read or is not supported
    |   `-- ColourInputError 3   the input is a colour picture, where a near-infrared one is wanted
    |-- OutputError          1   the output cannot be written (folder, permission, full disk)
    |-- WeightsError         4   weights are missing, damaged or from a newer version
    `-- DeviceError          5   the device is not there, or ran out of memory

A message names the path or the option concerned and says what to do about it.
"""

from __future__ import annotations


class NircolorError(Exception):
    """Root of the tree. ``exit_code`` is what a command returns when it ends with this error."""

    exit_code = 1


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


class OutputError(NircolorError):
    """The output cannot be written; nothing partial is left behind."""

    exit_code = 1


class WeightsError(NircolorError):
    """Weights are missing, damaged, or written by a newer nircolor."""

    exit_code = 4


class DeviceError(NircolorError):
    """The device asked for is not there, or has not enough memory."""

    exit_code = 5
