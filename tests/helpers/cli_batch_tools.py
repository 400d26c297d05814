"""What the tests of ``nircolor batch`` share besides their fixtures."""

from __future__ import annotations

import json
from pathlib import Path

from nircolor.batch.manifest import NAME

ENGINE = ("--device", "cpu", "--precision", "fp32")


def outputs(target: Path) -> dict[str, bytes]:
    files = (path for path in target.rglob("*") if path.is_file() and path.name != NAME)
    return {str(path.relative_to(target)): path.read_bytes() for path in files}


def manifest(target: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (target / NAME).read_text("ascii").splitlines()]
