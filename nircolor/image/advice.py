"""Advice that can be followed: an error speaks of no option that its command does not have."""

from __future__ import annotations

from nircolor.errors import InputError


def without_options(error: InputError, remedy: str) -> InputError:
    """``error`` with ``remedy`` in place of one that names an option, else as it is."""
    reason, _, advice = str(error).rpartition("; ")
    return type(error)(f"{reason}; {remedy}") if reason and "--" in advice else error
