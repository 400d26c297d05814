"""A process of its own that locates and verifies weights: huggingface_hub reads its environment at import."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rights import obey_rights

ROOT = Path(__file__).resolve().parents[2]

CLIENT = """
import json, sys
from nircolor import weights
from nircolor.errors import NircolorError
for line in sys.stdin:
    answer = {}
    try:
        answer["path"] = str(weights.locate(line.rstrip("\\n")))
        answer["meta"] = weights.verify(answer["path"])
    except NircolorError as error:
        answer |= {"error": str(error), "exit_code": error.exit_code}
    print(json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class Answer:
    path: str | None = None
    meta: dict[str, object] | None = None
    error: str = ""
    exit_code: int = 0


class Client:
    """A process which locates and verifies names, under the environment variables it was started with.

    ``obedient``: root, too, may only do there what the permissions of files allow.
    """

    def __init__(self, obedient: bool = False, **environment: str) -> None:
        kept = {
            key: value for key, value in os.environ.items() if not re.match("HF_|TRANSFORMERS_|.*_proxy$", key, re.I)
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLIENT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**kept, "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_PROGRESS_BARS": "1", **environment},
            preexec_fn=obey_rights if obedient else None,
        )

    def ask(self, name: str) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()
