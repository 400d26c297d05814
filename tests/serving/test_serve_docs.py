"""docs/serve.md: its program works, its tables are those of the code; the Dockerfile asks for what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from cli_tools import ROOT
from serving_tools import Server

from nircolor.cli.app import app
from nircolor.serving.config import Limits
from nircolor.serving.settings import FIELDS

PAGE = (ROOT / "docs" / "serve.md").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def cells(first: str, column: int) -> list[str]:
    """What stands in a column of the table whose first heading is ``first``."""
    rows = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [row.strip("|").split(" | ")[column].strip() for row in rows]


def test_the_program_of_the_page_works(server: Server, png: bytes) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, "docs/serve.md", "exec"), names)
    picture, result = names["colorize"](png, "photo_nir.png", f"{server.url}colorize", brightness="1.2")
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), -1).shape == (48, 64, 3)
    assert result["output"] == "photo_nir_rgb.png"


def test_the_settings_are_all_there() -> None:
    named = re.findall(r"`(\w+)`", " ".join(cells("field", 0)))
    assert sorted(named) == sorted((*FIELDS, "file"))


def test_the_limits_are_those_of_the_code_and_of_the_command() -> None:
    names = [name.strip("`-").replace("-", "_") for name in cells("option", 0)]
    told = dict(zip(names, cells("option", 1), strict=True))
    limits = Limits()
    assert set(told) == {field.name for field in fields(Limits)}
    group = typer.main.get_command(app)
    defaults = {param.name: param.default for param in group.commands["serve"].params}  # type: ignore[attr-defined]
    for name, text in told.items():
        assert float(text.split()[0]) == getattr(limits, name) == defaults[name]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the Dockerfile uses tomllib, which came with Python 3.11")
def test_the_container_has_all_but_torch() -> None:
    (line,) = re.findall(r"^RUN (python -c .*?) \$EXTRAS", DOCKERFILE.replace("\\\n", ""), flags=re.MULTILINE)
    (extras,) = re.findall(r'^ARG EXTRAS="(.*)"', DOCKERFILE, flags=re.MULTILINE)
    _, *rest = shlex.split(line)
    listed = subprocess.check_output([sys.executable, *rest, *extras.split()], cwd=ROOT, text=True).splitlines()
    wanted = [re.split(r"[<>=;\[]", name)[0] for name in listed]
    assert {"numpy", "onnxruntime", "starlette", "uvicorn", "python-multipart", "av"} <= set(wanted)
    assert "torch" not in wanted


def test_the_container_gets_what_the_package_is_made_of() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert kept == {"nircolor", "weights", "LICENSE", "README.md", "pyproject.toml"}
    assert all((ROOT / name).exists() for name in kept)
