"""The near-infrared pictures of a data set, which are read without the options of ``nircolor colorize``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nircolor.errors import InputError
from nircolor.image import NirImage, read_nir
from nircolor.wording import without_options


def read_near(path: Path, **how: Any) -> NirImage:
    """``read_nir``, whose errors say what can be done about a file of a data set."""
    try:
        return read_nir(path, **how)
    except InputError as error:
        raise without_options(error, "save what is near-infrared in it as a grey picture") from error.__cause__
