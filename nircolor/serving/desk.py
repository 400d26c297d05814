"""Who is next: one picture is colorized at a time, some wait, the rest are sent away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from nircolor.serving.refused import RefusedError


class Place:
    """Of one request. ``token``: by which its sender asks how far it is."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.ticket: int | None = None
        self._told: tuple[str, float, float] = ("receiving", 0, 0)

    def tell(self, stage: str, done: float = 0, total: float = 0) -> None:
        """How far its picture is."""
        self._told = stage, done, total

    def to_json(self, ahead: int) -> dict[str, Any]:
        stage, done, total = self._told
        return {"stage": stage, "done": done, "total": total, "ahead": ahead}


class Desk:
    """``waiting``: how many may wait for the one that is worked on."""

    def __init__(self, waiting: int) -> None:
        self._most, self._places, self._turn = waiting + 1, list[Place](), asyncio.Lock()
        self._tickets, self._seconds = 0, 1.0

    @contextmanager
    def place(self, token: str) -> Iterator[Place]:
        """A place until the block ends. Raises RefusedError (503) when there is none."""
        if len(self._places) >= self._most:
            retry = max(1, round(self._seconds * len(self._places)))
            raise RefusedError(503, "too many pictures are waiting", f"try again in {retry} s", retry)
        place = Place(token)
        self._places.append(place)
        try:
            yield place
        finally:
            self._places.remove(place)

    @asynccontextmanager
    async def turn(self, place: Place) -> AsyncIterator[None]:
        """Waits until it is this one's turn, in the order in which they came."""
        self._tickets += 1
        place.ticket = self._tickets
        place.tell("waiting")
        async with self._turn:
            start = time.monotonic()
            try:
                yield
            finally:
                place.ticket = None
                self._seconds = (self._seconds + time.monotonic() - start) / 2

    def find(self, token: str) -> dict[str, Any] | None:
        """How far a request is, and how many come before it."""
        place = next((place for place in self._places if token and place.token == token), None)
        if place is None:
            return None
        tickets = [other.ticket for other in self._places if other.ticket is not None]
        ahead = sum(ticket < place.ticket for ticket in tickets) if place.ticket is not None else 0
        return place.to_json(ahead)
