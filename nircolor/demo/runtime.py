"""onnxruntime-web, as the npm registry has it: the release that ``package-lock.json`` names, and nothing else.

It is no part of nircolor: 33 MB to fetch, of which the page needs two files. ``npm pack onnxruntime-web@VERSION`` gives
the same archive.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.request import Request, urlopen

from nircolor.errors import InputError, NircolorError
from nircolor.files import atomic_file
from nircolor.small_file import read_small
from nircolor.wording import in_short

FILES = {
    "ort.wasm.bundle.min.js": "package/dist/ort.wasm.bundle.min.mjs",  # some servers do not know .mjs as a script
    "ort-wasm-simd-threaded.wasm": "package/dist/ort-wasm-simd-threaded.wasm",
}
"""What the page calls them, and what they are in the archive."""
_NAME = "onnxruntime-web"
_MOST = 256 << 20  # bytes of the archive
_BLOCK = 1 << 18
_PATIENCE = 60  # seconds without a byte


@dataclass(frozen=True)
class Release:
    """One release of onnxruntime-web. ``integrity``: ``sha512-`` and the checksum of the archive, in base 64."""

    version: str
    url: str
    integrity: str

    @property
    def archive(self) -> str:
        """What ``npm pack`` calls it."""
        return f"{_NAME}-{self.version}.tgz"


def release() -> Release:
    """The release that the page is tested with."""
    lock = json.loads(files("nircolor.demo").joinpath("package-lock.json").read_text("utf-8"))
    entry = lock["packages"][f"node_modules/{_NAME}"]
    return Release(entry["version"], entry["resolved"], entry["integrity"])


def fetch(wanted: Release, on: Callable[[int, int], None] = lambda done, total: None) -> bytes:
    """The archive, from the npm registry; ``on(done, total)`` hears of its bytes. Proxies are those of the environment.

    Raises InputError where it cannot be had, or is not what the lock file says.
    """
    remedy = f"try again, or get it by `npm pack {_NAME}@{wanted.version}` and pass `runtime={wanted.archive}`"
    data = bytearray()
    try:
        with urlopen(Request(wanted.url), timeout=_PATIENCE) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(_BLOCK):
                data += block
                if len(data) > _MOST:
                    raise ValueError(f"more than {_MOST >> 20} MiB")
                on(len(data), total)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be fetched ({in_short(error)})", path=wanted.url, remedy=remedy) from error
    _check(wanted, bytes(data), wanted.url, remedy)
    return bytes(data)


def read(wanted: Release, path: Path) -> bytes:
    """The archive, from a file. Raises InputError where it cannot be read, or is not what the lock file says."""
    try:
        data = read_small(path, _MOST)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({in_short(error)})", path=path, remedy="check the path") from error
    _check(wanted, data, path, f"get it by `npm pack {_NAME}@{wanted.version}`")
    return data


def unpacked(archive: bytes) -> dict[str, bytes]:
    """``FILES`` of an archive that was checked."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed:
        return {name: _member(packed, member) for name, member in FILES.items()}


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    stream = packed.extractfile(name)
    if stream is None:
        raise InputError(f"has no file {name}", path=_NAME)
    return stream.read()


def _check(wanted: Release, data: bytes, place: str | Path, remedy: str) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode("ascii")
    if found != wanted.integrity:
        reason = f"is not {_NAME} {wanted.version}: its checksum is another"
        raise InputError(reason, path=place, remedy=remedy)


def main(folder: str) -> int:
    """``python -m nircolor.demo.runtime FOLDER``: leave the archive there, for tests and for machines without a
    network.
    """
    wanted = release()
    path = Path(folder) / wanted.archive
    try:
        if not path.exists():
            data = fetch(wanted)
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(path, overwrite=False) as stream:
                stream.write(data)
    except (NircolorError, OSError) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
