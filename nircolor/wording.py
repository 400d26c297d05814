"""Messages name options as arguments of Python, in backticks; this writes them as the command line has them.

    `tile=0`: a tile is at least 1 pixel wide        ->  --tile 0: a tile is at least 1 pixel wide
    exists already; add `overwrite=True`             ->  exists already; add --overwrite
    leave `format` out                               ->  leave --format out

Other words in backticks, such as commands, stay as they are.
"""

from __future__ import annotations

import re

from nircolor.errors import Error

_MARK = re.compile(r"`([a-z_.]+)(?:=([^`]*))?`")

# fmt: off
OPTIONS = frozenset((
    "any_depth", "band", "baseline", "batch", "codec", "cog", "colour_inputs", "csv", "damaged", "depth", "device",
    "dtype", "duration", "engine", "exclude", "format", "fps", "grey", "include", "last", "leaks", "license", "list",
    "lpips", "lpips_weights", "machines", "metrics", "minutes", "overlap", "overwrite", "page", "precision", "prior",
    "processes", "protocol", "range", "ray", "reconnect", "reference", "reference_mode", "report", "resize", "resume",
    "run", "save", "segment", "set", "skip_existing", "smooth", "split", "split_file", "start_share", "stretch",
    "suffix", "tile", "train", "watch", "weights", "workers",
    "brightness", "changes", "chroma", "colour", "data", "paint_size", "pairs", "warmth",
    "description", "private", "revision", "runtime",
    "host", "max_pixels", "max_upload", "port", "timeout", "waiting",
))
# fmt: on
"""Names that are alike in Python and, but for their hyphens, on the command line."""

NAMES = {"changes": "set"}
"""Names that the command line has in its own way, whatever their value."""

RENAMED = {
    "best": "--best or --last",
    "best=False": "--last",
    "colours": "--grey and --colour-inputs",
    "listed": "--list",
    "colours=copy": "--colour-inputs copy",
    "colours=grey": "--colour-inputs grey",
    "colours=colorize": "--grey",
    "colours='colorize'": "--colour-inputs colorize",
    "policy=overwrite": "--overwrite",
    "policy=skip": "--skip-existing",
    "policy=resume": "--resume",
    "sys.stdin.buffer": "-",
    "sys.stdout.buffer": "-",
    "methods": "a folder of predictions before DATA, --weights, or --baseline",
    "target": "-o",
    "train.run": "`nircolor train --run`",
}
"""What the command line has its own word for."""


def command_line(text: str) -> str:
    """``text`` in the words of the command line; a second time, it changes nothing."""
    return _MARK.sub(_option, text)


def without_options(error: Error, remedy: str) -> Error:
    """``error``, whose remedy is replaced where it names options of the command line: for callers who have no such."""
    return error.with_remedy(remedy) if "--" in command_line(error.remedy or "") else error


def _option(mark: re.Match[str]) -> str:
    name, value = mark[1], mark[2]
    if name not in OPTIONS:
        return RENAMED.get(mark[0].strip("`"), mark[0])
    option = "--" + NAMES.get(name, name).replace("_", "-")
    return option if value in (None, "True") else f"{option} {value}"


def kind_of(text: str) -> str:
    """Alike for messages that differ in their numbers alone."""
    return re.sub(r"\d+(\.\d+)?", "0", text)


def one_line(text: str) -> str:
    """``text`` on one line, without the control characters that a file name can carry to a terminal."""
    joined = " ".join(line.strip() for line in text.splitlines())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in joined)


def in_short(error: Exception) -> str:
    """What a library says was wrong, on one printable line of at most 200 characters."""
    return ascii(" ".join(str(error).split()))[1:-1][:200] or type(error).__name__
