"""Fields of a form, named as the arguments of Python -> how a picture is read, colorized and written."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from nircolor.engine import EngineConfig
from nircolor.errors import UsageError
from nircolor.image.formats import by_name
from nircolor.image.tone.stretch import Stretch
from nircolor.picture import Reading, Writing
from nircolor.wording import one_line

FIELDS = (
    "weights", "brightness", "colour", "warmth", "stretch", "range", "equalize", "band", "page", "colours", "damaged",
    "format", "depth",
)  # fmt: skip
_YES, _NO = ("true", "1", "on", "yes"), ("false", "0", "off", "no")
_LONGEST = 200  # characters of a value


@dataclass(frozen=True)
class Settings:
    """What one request asks for."""

    engine: EngineConfig
    reading: Reading
    writing: Writing

    @classmethod
    def parse(cls, fields: Mapping[str, str], engine: EngineConfig, weights: Collection[str]) -> Settings:
        """Empty fields are as good as none. ``engine``: what is not asked for. ``weights``: the names that may be.

        A request cannot name a path or a repository of weights, nor the device: those are the server's.
        Raises UsageError for fields that are unknown, or that say what cannot be.
        """
        for name, value in fields.items():
            if name not in FIELDS:
                raise UsageError("is no setting", option=_short(name), remedy=f"the settings are {', '.join(FIELDS)}")
            if len(value) > _LONGEST:
                raise UsageError("is too long", option=name, remedy=f"give at most {_LONGEST} characters")
        given = {name: value.strip() for name, value in fields.items() if value.strip()}
        return cls(_engine(given, engine, weights), _reading(given), _writing(given))


def _engine(given: Mapping[str, str], engine: EngineConfig, weights: Collection[str]) -> EngineConfig:
    name = given.get("weights", engine.weights)
    if name not in weights:
        raise UsageError("unknown", option="weights", value=_short(name), remedy=f"give one of {', '.join(weights)}")
    factors = {key: _number(key, given[key]) for key in ("brightness", "colour", "warmth") if key in given}
    correction = replace(engine.correction, **factors)
    correction.check()
    return replace(engine, weights=name, correction=correction)


def _reading(given: Mapping[str, str]) -> Reading:
    return Reading(
        stretch=Stretch.parse(given.get("stretch", "none"), given.get("range")),
        equalize=_flag("equalize", given.get("equalize", "false")),
        band=given.get("band"),
        page=_page(given.get("page")),
        colours=_choice("colours", given.get("colours", "refuse"), "refuse", "colorize"),  # type: ignore[arg-type]
        damaged=_choice("damaged", given.get("damaged", "refuse"), "refuse", "nodata"),  # type: ignore[arg-type]
    )


def _writing(given: Mapping[str, str]) -> Writing:
    depth = _choice("depth", given["depth"], "8", "16", "32") if "depth" in given else None
    return Writing(int(depth) if depth else None, by_name(given["format"]) if "format" in given else None)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError("is no number", option=name, value=_short(text), remedy="write it like 1.2") from None


def _flag(name: str, text: str) -> bool:
    return _choice(name, text.lower(), *_YES, *_NO) in _YES


def _page(text: str | None) -> int | Literal["all"] | None:
    if text is None or text == "all":
        return text  # type: ignore[return-value]
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise UsageError("a page is a number from 1, or all", option="page", value=_short(text))
    return int(text)


def _choice(name: str, text: str, *choices: str) -> str:
    if text not in choices:
        raise UsageError("unknown", option=name, value=_short(text), remedy=f"give one of {', '.join(choices)}")
    return text


def _short(text: str) -> str:
    """What somebody has sent, fit for a message."""
    return one_line(text[:40]).replace("`", "'")
