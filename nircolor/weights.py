"""Names to weights: packaged ("lite"), the user's own, a local file, or hf://org/repo[@revision][/file.safetensors].

    weights = load("lite")                                  # comes with nircolor, works offline
    weights = load("mine")                                  # nircolor-mine.safetensors in the folder NIRCOLOR_WEIGHTS
    weights = load("./runs/mine/last.safetensors")          # a file
    weights = load("hf://org/repo@v1/nircolor.safetensors")  # fetched once, then cached
    model.load_state_dict(weights.state)

Only safetensors are ever loaded, never pickle, and nothing is returned whose checksum does not match.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nircolor.errors import WeightsError
from nircolor.files import atomic_file
from nircolor.hub import HUB_FORM, HUB_SCHEME, WEIGHTS_SUFFIX, HubRef, fetch, parse_hub
from nircolor.small_file import read_small
from nircolor.weights_file import WEIGHTS_FORMAT, check, encode, not_finite, unreadable
from nircolor.weights_file import read_meta as _read_file_meta

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "OWN_FOLDER",
    "WEIGHTS_FORMAT",
    "FoundWeights",
    "HubRef",
    "LoadedWeights",
    "find",
    "list_own",
    "list_packaged",
    "load",
    "locate",
    "packaged_file",
    "parse_hub",
    "read_meta",
    "refuse_checkpoint",
    "save",
    "verify",
]

OWN_FOLDER = "NIRCOLOR_WEIGHTS"
"""The environment variable that names the folder of the user's own weights."""
_PREFIX = "nircolor-"
_MOST = 16 << 30  # bytes of a file: a checkpoint of the largest preset has a tenth of it


@dataclass(frozen=True, eq=False)
class FoundWeights:
    """Verified weights: what is known of them."""

    meta: dict[str, object]
    """What ``save`` was given beside the tensors."""
    path: Path
    sha256: str
    """Of the whole file, 64 hexadecimal digits."""
    name: str
    """What was asked for."""

    @property
    def short_sha256(self) -> str:
        """The first 12 digits: enough for a log line or a report."""
        return self.sha256[:12]


@dataclass(frozen=True, eq=False)
class LoadedWeights(FoundWeights):
    """And their tensors, on the CPU, in the dtype they are stored in."""

    state: dict[str, Tensor] = field(repr=False)


def list_packaged() -> list[str]:
    """The short names of the weights that come with nircolor, sorted."""
    return sorted(_packaged())


def list_own() -> list[str]:
    """The short names of the weights in the user's own folder, sorted. One that is packaged too is left out: it means
    the packaged weights. Raises WeightsError when there should be such a folder and it cannot be read.
    """
    return sorted(_own().keys() - _packaged().keys())


def locate(name: str | Path) -> Path:
    """The file that ``name`` stands for; a file on the Hub is fetched. The file's content is not looked at.

    A packaged name ("lite", "nircolor-lite") wins over one of the user's own, and both over a file of that name in the
    working folder, which is "./lite". Raises WeightsError.
    """
    if isinstance(name, str) and name.startswith(HUB_SCHEME):
        return fetch(parse_hub(name))
    if isinstance(name, str) and (named := _named(name.removeprefix(_PREFIX))):
        return named
    try:
        path = Path(name).expanduser()
        if path.is_file():
            return path
        raise _no_file(path) if _is_path(name) else WeightsError(_unknown(str(name)))
    except (OSError, ValueError, RuntimeError) as error:  # no permission, a name too long, a NUL in it, no such ~user
        raise unreadable(name, error) from error


def packaged_file(name: str) -> Path:
    """A file that comes with the packaged weights, by its whole name. Raises WeightsError where it is missing."""
    path = _packaged_folder() / name
    if not path.is_file():
        raise WeightsError("is missing: the installation is incomplete", path=path, remedy="reinstall nircolor")
    return path


def load(name: str | Path, path: Path | None = None) -> LoadedWeights:
    """Locate (unless their file is known already: ``path``), verify and read weights.

    Raises WeightsError when they are missing, damaged, foreign or too new, or hold a number that is not finite.
    """
    from safetensors.torch import load as load_tensors

    found, data = _verified(name, path)
    try:
        state = load_tensors(data)
    except KeyError as error:
        reason = f"stored as {error}, which this safetensors cannot read: upgrade it"
        raise WeightsError(reason, path=found.path) from error
    return LoadedWeights(**vars(found), state=state)


def find(name: str | Path, path: Path | None = None) -> FoundWeights:
    """``load`` with all its checks, without torch and without the tensors."""
    return _verified(name, path)[0]


def _verified(name: str | Path, path: Path | None) -> tuple[FoundWeights, bytes]:
    path = path or locate(name)
    data = _read(path)
    return FoundWeights(check(data, path), path, hashlib.sha256(data).hexdigest(), str(name)), data


def verify(name: str | Path) -> dict[str, object]:
    """All the checks of ``load``, without torch and without keeping the tensors, and that it is no checkpoint. Returns
    the meta.
    """
    found = find(name)
    refuse_checkpoint(found.meta, found.path)
    return found.meta


def refuse_checkpoint(meta: Mapping[str, object], path: Path) -> None:
    """Raise WeightsError for the state of an unfinished run, which is no weights to use."""
    if meta.get("kind") == "checkpoint":
        export = f"`nircolor weights export RUN OUT{WEIGHTS_SUFFIX}`"
        remedy = f"export it with {export}, where RUN is the folder of the run"
        raise WeightsError("a training checkpoint", path=path, remedy=remedy)


def read_meta(name: str | Path) -> dict[str, object]:
    """The meta from the file's header alone; the tensors stay unread and unverified. Raises WeightsError."""
    return _read_file_meta(locate(name))


def save(path: str | Path, state: Mapping[str, Tensor], meta: Mapping[str, object]) -> None:
    """Write weights; an existing file is replaced only when the new one is complete.

    ``meta`` holds JSON values (tuples come back as lists). Equal state and meta give equal files. Raises UsageError
    for meta that is not JSON, WeightsError for a number that is not finite, OutputError when the file cannot be
    written.
    """
    from safetensors.torch import save as save_tensors

    # Tied parameters share memory, which safetensors refuses: each gets a copy of its own.
    own = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}
    data = save_tensors(own)
    if name := not_finite(data):
        reason = f"not written, since tensor {name!r} holds a NaN or an infinity: train on from before"
        raise WeightsError(reason, path=path)
    with atomic_file(Path(path), overwrite=True) as stream:
        stream.write(encode(data, meta))


def _named(short: str) -> Path | None:
    """The user's own folder is not looked into for what is packaged, nor for a path."""
    return _packaged().get(short) or (None if _is_path(short) else _own().get(short))


def _packaged() -> dict[str, Path]:
    files = _packaged_folder().glob(f"{_PREFIX}*{WEIGHTS_SUFFIX}")
    return {path.stem.removeprefix(_PREFIX): path for path in files}


def _own() -> dict[str, Path]:
    folder = os.environ.get(OWN_FOLDER, "")
    try:
        files = [path for path in Path(folder).expanduser().iterdir() if path.is_file()] if folder else []
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(
            f"{OWN_FOLDER}={folder}: cannot be read ({reason}): set it to a folder of weights, or unset it"
        ) from error
    found = [path for path in files if path.suffix == WEIGHTS_SUFFIX and not path.name.startswith(".")]
    found.sort(key=lambda path: path.name.startswith(_PREFIX))  # nircolor-x wins over x
    return {path.stem.removeprefix(_PREFIX): path for path in found}


def _packaged_folder() -> Path:
    here = Path(__file__).parent
    installed = here / "packaged"
    return installed if installed.is_dir() else here.parent / "weights"  # the latter in a source checkout


def _is_path(name: str | Path) -> bool:
    marks = {"/", os.sep, os.altsep or os.sep}
    return isinstance(name, Path) or name.endswith(WEIGHTS_SUFFIX) or any(mark in name for mark in marks)


def _no_file(path: Path) -> WeightsError:
    if path.is_dir():
        return WeightsError("is a folder", path=path, remedy=f"name a {WEIGHTS_SUFFIX} file in it")
    known = f"packaged names: {_names()}; on the Hub: {HUB_FORM}"
    return WeightsError(f"no such weights file: check the path ({known})", path=path)


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    own, known = list_own(), [*list_packaged(), *list_own()]
    close = get_close_matches(name.removeprefix(_PREFIX), known, n=1, cutoff=0.5)
    guess = f", did you mean {close[0]!r}?" if close else "."
    there = _names() + (f"; your own: {', '.join(own)}" if own else "")
    return (
        f"no packaged weights named {name!r}{guess} There are: {there}. "
        f"Or give ./file{WEIGHTS_SUFFIX} or {HUB_FORM}, or put yours into the folder {OWN_FOLDER}"
    )


def _names() -> str:
    return ", ".join(list_packaged()) or "none (the installation is incomplete: reinstall nircolor)"


def _read(path: Path) -> bytes:
    try:
        return read_small(path, _MOST)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
