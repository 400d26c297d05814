"""What errors say in Python and on the command line, and that they can be taken apart."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from nircolor.errors import ColourInputError, InputError, NircolorError, UsageError
from nircolor.wording import command_line, without_options


@pytest.mark.parametrize(
    ("error", "text", "printed"),
    [
        (NircolorError("it failed"), "it failed", "it failed"),
        (InputError("is empty", path="a.png", remedy="get a fresh copy"), "a.png: is empty; get a fresh copy", None),
        (InputError("is empty", path=Path("a\nb.png")), "'a\\nb.png': is empty", None),
        (InputError("is empty", path=b"\x89PNG"), "standard input: is empty", None),
        (UsageError("unknown", option="device", value="gpu"), "`device=gpu`: unknown", "--device gpu: unknown"),
        (UsageError("count from 1", option="any_depth"), "`any_depth`: count from 1", "--any-depth: count from 1"),
        (
            UsageError("is taken", remedy="add `overwrite=True`"),
            "is taken; add `overwrite=True`",
            "is taken; add --overwrite",
        ),
        (UsageError("use `colours=colorize`, or `band=1` to 4"), None, "use --grey, or --band 1 to 4"),
        (UsageError("try `nircolor doctor` or `hf auth login`"), None, "try `nircolor doctor` or `hf auth login`"),
        (UsageError("use `sys.stdin.buffer` or give `target`"), None, "use - or give -o"),
    ],
)
def test_what_they_say(error: NircolorError, text: str | None, printed: str | None) -> None:
    assert text is None or str(error) == text
    shown = command_line(str(error))
    assert shown == (printed or text)
    assert command_line(shown) == shown


def test_a_reader_of_a_stream_leaves_the_name_to_its_caller() -> None:
    cause = OSError("broken")
    error = ColourInputError("is a colour picture", remedy="take its luma")
    error.__cause__ = cause
    named = error.at("x.png")
    assert (type(named), str(named)) == (ColourInputError, "x.png: is a colour picture; take its luma")
    assert (named.fault, named.__cause__, error.path) == ("is a colour picture; take its luma", cause, None)
    assert str(named.with_remedy("leave it out")) == "x.png: is a colour picture; leave it out"
    part = named.within("page 3")
    assert (type(part), str(part)) == (ColourInputError, "x.png: page 3: is a colour picture; take its luma")
    assert part.__cause__ is cause


def test_they_come_back_from_another_process_as_they_were() -> None:
    error = UsageError("unknown", option="tile", value=0, remedy="give 1 or more")
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), vars(back), str(back)) == (UsageError, vars(error), "`tile=0`: unknown; give 1 or more")


def test_callers_without_options_have_advice_of_their_own() -> None:
    error = InputError("has 4 bands", path="x.tif", remedy="say which with `band=1` to 4")
    assert str(without_options(error, "save one of them")) == "x.tif: has 4 bands; save one of them"
    plain = InputError("is empty", remedy="get a fresh copy")
    assert without_options(plain, "save one of them") is plain
