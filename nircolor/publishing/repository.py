"""A repository of the Hub that gets weights: what is there before, and one commit that adds to it.

What is large goes up first, file by file, and changes nothing that anybody sees; then one commit shows all of it, or
none. A push that was interrupted is repeated: what is up already is not sent again.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nircolor.errors import NircolorError, OutputError
from nircolor.events import Reporter
from nircolor.hub import MODEL_FILE, HubRef, file_of
from nircolor.hub_errors import TOKEN_ADVICE, endpoint, status_of, told, why
from nircolor.publishing.card import CARD_FILE

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LARGEST_CARD = 1 << 20  # bytes: what is larger was not written here


@dataclass(frozen=True)
class Remote:
    """A repository before a push. ``commit``: the one that is added to, None where there is no repository. ``branch``:
    whether the revision is there. ``file``: the weights that the repository's name stands for, or would.

    ``network``: what the weights there say of themselves, None where there are none; empty for those of another
    program. ``card``: its text, None where there is none.
    """

    commit: str | None = None
    branch: bool = False
    private: bool = False
    file: str = MODEL_FILE
    network: Mapping[str, str] | None = None
    card: str | None = None


@dataclass(frozen=True)
class Upload:
    """What goes up: ``files`` by their names there, bytes or where they lie; ``message``: of the commit."""

    place: HubRef
    files: Mapping[str, bytes | Path] = field(repr=False)
    message: str
    private: bool = False


def check_access(place: HubRef) -> None:
    """Raises OutputError where nothing can be sent at all: offline, or without a token."""
    from huggingface_hub import constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise OutputError("HF_HUB_OFFLINE forbids to talk to the Hub", path=str(place), remedy="unset it")
    with asking(place):
        token = get_token()
    if not token:
        remedy = f"{TOKEN_ADVICE}; it needs the right to write"
        raise OutputError(f"nobody is logged in to the Hub at {endpoint()}", path=str(place), remedy=remedy)


def look(place: HubRef) -> Remote:
    """What is there before a push. Raises OutputError where the Hub does not say."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    api, branch = HfApi(), True
    with asking(place):
        try:
            info = api.model_info(place.repo, revision=place.revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        except RevisionNotFoundError:
            branch = False
            info = api.model_info(place.repo, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        except GatedRepoError:
            raise
        except RepositoryNotFoundError:
            return Remote()
        files = [sibling.rfilename for sibling in info.siblings or ()]
        found = Remote(str(info.sha), branch, bool(info.private), file_of(files) or MODEL_FILE)
        return replace(found, network=_network(api, place, found, files), card=_card(place, found, files))


def send(upload: Upload, remote: Remote, reporter: Reporter) -> str:
    """Make the repository and the branch where they are missing, upload, commit. Returns the commit; it is that of
    before where everything was there already.

    Raises OutputError, after which the push can be repeated; StoppedError.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api, place = HfApi(), upload.place
    with asking(place), _heard(reporter):
        if remote.commit is None:
            api.create_repo(place.repo, private=upload.private or None, exist_ok=False)
            reporter.note(f"made the {'private ' if upload.private else ''}repository {place.repo}")
        if place.revision and not remote.branch:
            api.create_branch(place.repo, branch=place.revision, exist_ok=True)
        added = [CommitOperationAdd(name, data) for name, data in upload.files.items()]
        for number, one in enumerate(added):  # one by one, so that an interruption finds no thread at work
            reporter.progress("uploading", number, len(added), "files")
            api.preupload_lfs_files(place.repo, [one], revision=place.revision, free_memory=False)
        reporter.progress("uploading", len(added), len(added), "files")
        made = api.create_commit(
            place.repo,
            added,
            commit_message=upload.message,
            revision=place.revision,
            parent_commit=remote.commit,
        )
        return str(made.oid)


@contextmanager
def asking(place: HubRef) -> Iterator[None]:
    """Within, what the Hub does not do becomes an OutputError about ``place``."""
    try:
        yield
    except NircolorError:
        raise
    except Exception as error:
        reason, remedy = _refusal(error) or why(error)
        raise OutputError(reason, path=str(place), remedy=remedy) from error


def _refusal(error: Exception) -> tuple[str, str] | None:
    """What a status means to somebody who wants to write."""
    from huggingface_hub.errors import GatedRepoError

    status, says = status_of(error), told(error)
    if isinstance(error, GatedRepoError):
        return None
    if status == 401:
        return "the Hub does not accept the token", TOKEN_ADVICE
    if status == 403:
        return f"this token may not write there ({says})", "use one with the right to write to this account"
    if status in (409, 412):
        remedy = "look at it on the Hub, then push again"
        return f"the repository was changed at the same time, or is not to be seen with this token ({says})", remedy
    if status in (400, 404, 422):
        return f"the Hub refuses this push ({says})", "check the names of the repository and of the branch"
    if status is not None:
        remedy = "push again later; what is up already is not sent again"
        return f"the Hub at {endpoint()} answered {status}", remedy
    return None


def _network(api: HfApi, place: HubRef, found: Remote, files: list[str]) -> Mapping[str, str] | None:
    from huggingface_hub.errors import SafetensorsParsingError

    if found.file not in files:
        return None
    try:
        return api.parse_safetensors_file_metadata(place.repo, found.file, revision=found.commit).metadata or {}
    except (SafetensorsParsingError, ValueError, TypeError, AttributeError, KeyError):
        return {}


def _card(place: HubRef, found: Remote, files: list[str]) -> str | None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    if CARD_FILE not in files:
        return None
    size = get_hf_file_metadata(hf_hub_url(place.repo, CARD_FILE, revision=found.commit)).size
    if size is None or size > _LARGEST_CARD:
        return f"{size} bytes"
    with tempfile.TemporaryDirectory(prefix="nircolor-") as folder:
        path = hf_hub_download(place.repo, CARD_FILE, revision=found.commit, local_dir=folder)
        return Path(path).read_text(encoding="utf-8", errors="replace")


@contextmanager
def _heard(reporter: Reporter) -> Iterator[None]:
    """What huggingface_hub logs and its bars would break the lines of ours; addresses in them may be secret."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    logger, shown = logging.getLogger("huggingface_hub"), not are_progress_bars_disabled()
    before, logger.handlers = logger.handlers, [_Relay(reporter)]
    if shown:
        disable_progress_bars()
    try:
        yield
    finally:
        logger.handlers = before
        if shown:
            enable_progress_bars()


class _Relay(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.WARNING)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "Retrying" in text:
            self._reporter.note("the Hub does not answer as it should; trying again")
        else:
            self._reporter.detail(text.partition("http")[0].strip())
