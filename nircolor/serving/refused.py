"""What a request is told when it gets no picture: a status of HTTP, and the words of the error."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from nircolor.errors import InputError, NircolorError, StoppedError, UsageError
from nircolor.serving.plain import TooLargeError
from nircolor.wording import one_line

_STATUS = ((TooLargeError, 413), (UsageError, 400), (InputError, 422), (StoppedError, 503))


class RefusedError(NircolorError):
    """A request that is not for this server, or not now. ``retry``: seconds after which it may come again."""

    def __init__(self, status: int, reason: str, remedy: str, retry: int | None = None) -> None:
        super().__init__(reason, remedy=remedy)
        self.status, self.retry = status, retry


def answer(error: NircolorError, name: str = "") -> JSONResponse:
    """``{"error": the whole line, "reason": ..., "remedy": ...}``. ``name``: of the picture, where it is about that."""
    status = error.status if isinstance(error, RefusedError) else status_of(error)
    retry = error.retry if isinstance(error, RefusedError) else None
    told = error.at(name) if name and error.option is None and not isinstance(error, RefusedError) else error
    headers = {"retry-after": str(retry)} if retry else {}
    return JSONResponse(plain(told), status, headers)


def plain(error: NircolorError) -> dict[str, Any]:
    """One line each."""
    return {
        "error": one_line(str(error)),
        "reason": one_line(error.reason),
        "remedy": one_line(error.remedy) if error.remedy else None,
    }


def status_of(error: NircolorError) -> int:
    """Of errors that a picture or its settings are the reason for 4xx, else 500."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
