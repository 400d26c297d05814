"""hf://org/repo[@revision][/file]: a weights file on the Hugging Face Hub, fetched through huggingface_hub.

The cache, the endpoint (HF_ENDPOINT), offline mode (HF_HUB_OFFLINE), tokens (HF_TOKEN, ``hf auth login``) and
time-outs (HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT) are those of huggingface_hub. So is what happens to a transfer
that breaks off: it goes on in the same call from the last whole 10 MiB, and a call that fails leaves nothing behind.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

from nircolor.errors import WeightsError
from nircolor.hub_errors import why

HUB_SCHEME = "hf://"
HUB_FORM = "hf://org/repo[@revision][/file.safetensors]"
WEIGHTS_SUFFIX = ".safetensors"
MODEL_FILE = "model.safetensors"
"""What weights are called in a repository that holds them alone."""

_REFERENCE = re.compile(r"(?P<repo>[^/@]+/[^/@]+)(?:@(?P<revision>refs/pr/\d+(?=/|$)|[^/]*))?(?:/(?P<file>.*))?", re.S)
_REPO_NAME = re.compile(r"\w(?:[\w.-]*\w)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PULL_REQUEST = re.compile(r"refs/pr/\d+")
_LISTED_FILES = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HubRef:
    """A file of a model repository. ``revision`` None is the default branch, ``file`` None ``MODEL_FILE`` or the only
    .safetensors file.

    Raises WeightsError when a part is malformed or could leave the cache folder ("..", a backslash, a drive letter).
    """

    repo: str
    revision: str | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        for part, problem in (
            ("repository", _repo_problem(self.repo)),
            ("revision", _revision_problem(self.revision)),
            ("file", _file_problem(self.file)),
        ):
            if problem:
                raise WeightsError(f"the {part} {problem}", path=str(self), remedy=f"expected {HUB_FORM}")

    def __str__(self) -> str:
        revision = self.revision
        if revision is not None and not _PULL_REQUEST.fullmatch(revision):
            revision = quote(revision, safe="")
        at_revision = "" if revision is None else f"@{revision}"
        return HUB_SCHEME + self.repo + at_revision + ("" if self.file is None else f"/{self.file}")


def parse_hub(name: str) -> HubRef:
    """Read ``hf://org/repo[@revision][/file]`` (or ``hf://models/org/repo...``), as huggingface_hub itself does.

    The revision (branch, tag, commit) ends at the next "/": write a slash inside it as %2F. Only refs/pr/N may be
    written plainly. Raises WeightsError.
    """
    body = name.removeprefix(HUB_SCHEME).removeprefix("models/").strip("/")
    kind = body.partition("/")[0]
    if kind in ("datasets", "spaces", "kernels", "buckets"):
        reason = f"weights are read from model repositories only, not from {kind}"
        raise WeightsError(reason, path=name, remedy=f"expected {HUB_FORM}")
    match = _REFERENCE.fullmatch(body)
    if not name.startswith(HUB_SCHEME) or match is None:
        raise WeightsError(f"{name!r} is not a reference to the Hub", remedy=f"expected {HUB_FORM}")
    revision = match["revision"]
    return HubRef(match["repo"], None if revision is None else unquote(revision), match["file"] or None)


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a commit, by its full name: that cannot change."""
    return bool(_COMMIT.fullmatch(revision or ""))


def fetch(ref: HubRef) -> Path:
    """The local file of ``ref``: fetched, or taken from the Hub's cache when the Hub cannot be asked.

    A revision or a file which the Hub says does not exist is never answered from the cache. Raises WeightsError, which
    says what failed, where a file fetched by other means may be put, and how to pass it instead.
    """
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RevisionNotFoundError

    if _needs_no_hub(ref) and (cached := _cached(ref)):
        return cached
    try:
        ref = ref if ref.file else _with_only_file(ref, _hub_files(ref))
        return _download(ref)
    except WeightsError:
        raise
    # What is raised for a dead network depends on the HTTP library below huggingface_hub (requests, httpx, httpx2).
    except Exception as error:
        absent = isinstance(error, (RevisionNotFoundError, EntryNotFoundError))
        cached = None if absent and not isinstance(error, LocalEntryNotFoundError) else _cached(ref)
        if cached is None:
            raise WeightsError(f"{_reason(error)}. {_by_hand(ref)}", path=str(ref)) from error
        _log.warning("%s: %s; using the cached %s", ref, _reason(error), cached)
        return cached


def _needs_no_hub(ref: HubRef) -> bool:
    """Offline by the user's wish, or a file of a commit: that cannot have changed since it was cached."""
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE or (ref.file is not None and is_commit(ref.revision))


def _download(ref: HubRef) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    file = str(ref.file)
    # hf_hub_download retries a dead server for minutes; one question of our own first makes that seconds.
    get_hf_file_metadata(hf_hub_url(ref.repo, file, revision=ref.revision))
    return Path(hf_hub_download(ref.repo, file, revision=ref.revision))


def _hub_files(ref: HubRef) -> list[str]:
    from huggingface_hub import HfApi, constants

    info = HfApi().model_info(ref.repo, revision=ref.revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    return [sibling.rfilename for sibling in info.siblings or ()]


def file_of(files: Iterable[str]) -> str | None:
    """The weights that the name of a repository with these files stands for: ``MODEL_FILE``, as the Hub has it, else
    the only ones. None where there are none, or several."""
    found = [file for file in files if file.endswith(WEIGHTS_SUFFIX)]
    if MODEL_FILE in found:
        return MODEL_FILE
    return found[0] if len(found) == 1 else None


def _with_only_file(ref: HubRef, files: Iterable[str]) -> HubRef:
    found = sorted(file for file in files if file.endswith(WEIGHTS_SUFFIX))
    if file := file_of(found):
        return replace(ref, file=file)
    if not found:
        reason = f"the repository holds no {WEIGHTS_SUFFIX} file"
        raise WeightsError(reason, path=str(ref), remedy="only safetensors are loaded")
    listed = ", ".join(found[:_LISTED_FILES]) + (", ..." if len(found) > _LISTED_FILES else "")
    reason = f"{len(found)} weights files there, name one of them ({ref}/{found[0]}): {listed}"
    raise WeightsError(reason, path=str(ref))


def _snapshot(ref: HubRef) -> Path:
    """The folder of the Hub's cache which holds the files of this revision, whether it exists or not."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=ref.repo, repo_type="model")
    revision = ref.revision or constants.DEFAULT_REVISION
    try:
        commit = (folder / "refs" / revision).read_text().strip()
    except (OSError, ValueError):
        commit = ""
    return folder / "snapshots" / (commit or revision)


def _cached(ref: HubRef) -> Path | None:
    snapshot = _snapshot(ref)
    if ref.file is None:
        files = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*" + WEIGHTS_SUFFIX) if _there(path)]
        if not files:
            return None
        ref = _with_only_file(ref, files)
    path = snapshot / str(ref.file)
    return path if _there(path) else None


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a cache that may not be read is as good as none
        return False


def _by_hand(ref: HubRef) -> str:
    place = _snapshot(ref) / (ref.file or f"NAME{WEIGHTS_SUFFIX}")
    return (
        f"Got the file by other means? Pass it with `weights=/path/to/{place.name}`, "
        f"or put it at {place} and set HF_HUB_OFFLINE=1"
    )


def _reason(error: Exception) -> str:
    return "; ".join(why(error))


def _repo_problem(repo: str) -> str:
    names = repo.split("/")
    if len(names) != 2 or not all(_REPO_NAME.fullmatch(name) for name in names):
        return "must be org/repo in letters, digits, '-', '_' and '.'"
    if "--" in repo or ".." in repo or repo.endswith(".git") or max(map(len, names)) > 96:
        return "must not contain '--' or '..', end in '.git', or have a name of more than 96 letters"
    return ""


def _revision_problem(revision: str | None) -> str:
    if revision is None:
        return ""
    # git allows none of these in a branch or tag; here they would also name a path outside of the cache.
    if not revision or ".." in revision or re.search(r"[\x00-\x20\x7f\\:?*\[~^]|^/|/$|//|(^|/)\.|\.$", revision):
        return f"{revision!r} is not a branch, a tag or a commit"
    return ""


def _file_problem(file: str | None) -> str:
    if file is None:
        return ""
    if not file.endswith(WEIGHTS_SUFFIX):
        return f"{file!r} does not end in {WEIGHTS_SUFFIX} (nothing else is ever loaded)"
    if re.search(r"[\x00-\x1f\x7f\\:]", file) or any(part in ("", ".", "..") for part in file.split("/")):
        return f"{file!r} is not a plain path inside the repository"
    return ""
