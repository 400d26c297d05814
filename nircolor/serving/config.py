"""Where the server listens, and what it takes: checked before anything is loaded."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass, fields

from nircolor.errors import UsageError

LOCAL = "127.0.0.1"
_LARGEST = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one request may cost. max_upload: megabytes of a picture. max_pixels: megapixels of it. timeout: seconds for
    it to arrive, and seconds to colorize it. waiting: how many pictures may wait while one is colorized.
    """

    max_upload: float = 512
    max_pixels: float = 100
    timeout: float = 300
    waiting: int = 16

    def check(self) -> None:
        """Raises UsageError, naming the first limit that is none."""
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "waiting" else 1e-3
            if not math.isfinite(value) or not least <= value <= _LARGEST:
                remedy = f"give a number from {least:g} to {_LARGEST:,}"
                raise UsageError("out of range", option=field.name, value=value, remedy=remedy)

    @property
    def upload_bytes(self) -> int:
        return int(self.max_upload * 1e6)

    @property
    def pixels(self) -> int:
        return int(self.max_pixels * 1e6)


@dataclass(frozen=True)
class Address:
    """A host, by name or number, and a port; port 0: any that is free."""

    host: str = LOCAL
    port: int = 8000

    def check(self) -> None:
        """Raises UsageError."""
        if not 0 <= self.port <= 65535:
            raise UsageError("out of range", option="port", value=self.port, remedy="give a number from 0 to 65535")
        if not self.host or not self.host.isprintable() or any(c in self.host for c in "/ @"):
            raise UsageError(
                "is no host", option="host", value=repr(self.host), remedy=f"give a name or a number such as {LOCAL}"
            )

    @property
    def is_local(self) -> bool:
        """Whether this machine alone can reach it."""
        return self.host == "localhost" or (is_number(self.host) and ipaddress.ip_address(self.host).is_loopback)

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        number = ipaddress.ip_address(self.host) if is_number(self.host) else None
        if number is not None and number.is_unspecified:
            return Address("::1" if number.version == 6 else LOCAL, self.port).url
        return f"http://{f'[{self.host}]' if number is not None and number.version == 6 else self.host}:{self.port}/"


def is_number(host: str) -> bool:
    """Whether ``host`` is an address of IPv4 or IPv6 rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
