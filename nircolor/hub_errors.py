"""What went wrong with the Hugging Face Hub, in one sentence, and what can be done about it.

The endpoint may carry a name and a password, and what a library says may carry a token: neither is ever repeated.
"""

from __future__ import annotations

import errno
import re
from contextlib import suppress

from nircolor.wording import in_short

TOKEN_ADVICE = "log in with `hf auth login` or set HF_TOKEN"
_CACHE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR}
_NONSENSE = (ValueError, LookupError, TypeError, AttributeError)


def endpoint() -> str:
    """The address of the Hub in use, without the name and the password that may be in it."""
    from huggingface_hub import constants

    return re.sub(r"//[^/@]*@", "//", constants.ENDPOINT)


def status_of(error: BaseException) -> int | None:
    """The status of the answer that an error, or what it came of, is about; None where there was no answer."""
    response = getattr(error, "response", None)
    if response is None and error.__cause__ is not None:
        return status_of(error.__cause__)
    if response is None and (said := re.search(r"HTTP status \w+ error \((\d{3}) ", str(error))):
        return int(said[1])  # hf_xet, which moves large files, has no other way to tell
    return getattr(response, "status_code", None)


def why(error: Exception) -> tuple[str, str]:
    """What went wrong with a question to the Hub, and what helps."""
    known = _known(error) or _of_the_disk(error)
    if known:
        return known
    status = status_of(error)
    if status is not None:
        remedy = TOKEN_ADVICE if status in (401, 403) else "try again later"
        return f"the Hub at {endpoint()} answered {status}", remedy
    detail = f"{type(error).__name__}: {told(error)}"
    # what is raised for a dead network depends on the HTTP library below huggingface_hub (requests, httpx, httpx2)
    if isinstance(error, _NONSENSE) or type(error).__name__ == "FileMetadataError":
        return f"what answered at {endpoint()} is no Hub ({detail})", "check HF_ENDPOINT, or try again"
    return f"talking to {endpoint()} failed ({detail})", "try again"


def told(error: Exception) -> str:
    """What the Hub says, or else the library, in short: without passwords, tokens and what signs an address."""
    from huggingface_hub import get_token

    said = getattr(error, "server_message", None)
    text = re.sub(r"//[^/@\s]*@", "//", in_short(Exception(said)) if said else in_short(error))
    with suppress(Exception):  # there is none, and what keeps it cannot be asked
        text = text.replace(get_token() or "\n", "...")
    return re.sub(r"\?\S+|\bhf_[A-Za-z0-9]+|Bearer \S+", "...", text)


def _known(error: Exception) -> tuple[str, str] | None:
    from huggingface_hub import errors

    known: tuple[tuple[type[Exception], str, str], ...] = (
        (errors.OfflineModeIsEnabled, "not in the cache, and HF_HUB_OFFLINE forbids to fetch it", "unset it"),
        (
            errors.GatedRepoError,
            "access to the repository is restricted",
            f"ask for it on its page, then {TOKEN_ADVICE}",
        ),
        (
            errors.RepositoryNotFoundError,
            "no such repository",
            f"check its name or, if it is private, {TOKEN_ADVICE}",
        ),
        (errors.RevisionNotFoundError, "no such revision in the repository", "check the name of the revision"),
        (errors.LocalEntryNotFoundError, f"the Hub at {endpoint()} cannot be reached", "try again"),
        (errors.EntryNotFoundError, "no such file in this revision of the repository", "check its name"),
    )
    return next((words for kind, *words in known if isinstance(error, kind)), None)  # type: ignore[return-value]


def _of_the_disk(error: Exception) -> tuple[str, str] | None:
    if not isinstance(error, OSError) or error.errno not in _CACHE or not error.filename:
        return None
    from huggingface_hub import constants

    reason = f"the cache of the Hub at {constants.HF_HUB_CACHE} cannot be written to ({error.strerror})"
    return reason, "make room or change its permissions, or set HF_HOME to another folder"
