"""Folders on object storage, and the pictures in them: read and written whole, in one request each."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from nircolor.batch.places import Found, Obstacle, Place, Seen, Size, Sizes, Stamp, Warn, is_hidden
from nircolor.batch.remote import Remote
from nircolor.batch.storage_log import StorageLog
from nircolor.errors import UsageError
from nircolor.image.source import open_source


@dataclass(frozen=True)
class Storage:
    """A ``Place`` by its URL."""

    remote: Remote

    def __truediv__(self, name: str) -> Storage:
        return Storage(self.remote / name)

    def __str__(self) -> str:
        return self.remote.url

    @property
    def name(self) -> str:
        return self.remote.name

    def check_source(self) -> None:
        """What is not there shows when it is listed."""

    def check_target(self) -> None:
        if self.remote.url.startswith(("http://", "https://")):
            remedy = "give a folder, s3:// or gs://"
            raise UsageError("a web server takes no outputs", path=self.remote.url, remedy=remedy)

    def files(self, recursive: bool, shut: Callable[[str], bool], avoid: Place | None) -> Iterator[Seen | Obstacle]:
        for item in self.remote.list(recursive):
            *folders, _ = parts = item.name.split("/")
            within = ("/".join(folders[: depth + 1]) for depth in range(len(folders)))
            avoided = avoid is not None and f"{self}/{item.name}".startswith(f"{avoid}/")
            if not avoided and not any(map(is_hidden, parts)) and not any(map(shut, within)):
                yield Seen(item.name, partial(Found, item.name, item.bytes, item.changed))

    def file(self, name: str) -> Seen:
        """What the storage has of it shows when its turn comes: asking for each takes too long."""
        return Seen(name, partial(Found, name, 0, 0))

    def sizes(self) -> Sizes:
        """Listed once."""
        there = {item.name: item.bytes for item in self.remote.list()}
        return there.get

    def is_same(self, other: Place) -> bool:
        return str(self) == str(other)

    def ignores_case(self) -> bool:
        return False

    def log(self, name: str, warn: Warn) -> StorageLog:
        return StorageLog(self.remote, name)

    def sweep(self, outputs: Iterable[str]) -> None:
        """An object has no temporary name."""

    def content(self) -> bytes:
        return self.remote.read()

    def stamp(self, bytes: int, changed: int) -> Stamp:
        return (bytes, changed) if changed else ()

    def shape(self) -> Size | None:
        return None

    def size(self) -> int:
        return self.remote.size()

    def write(self, save: Callable[[Path | BinaryIO], None]) -> int:
        stream = io.BytesIO()
        save(stream)
        self.remote.write(data := stream.getvalue())
        return len(data)

    def copy(self, content: Path | bytes, replace: bool) -> int:
        with open_source(content) as stream:
            self.remote.write(data := stream.read())
        return len(data)
