"""docs/edge.md: its twenty lines colour a picture with onnxruntime, numpy and Pillow alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nircolor import Colorizer, scenes
from nircolor.weights import locate

pytest.importorskip("onnxruntime")

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "edge.md").read_text(encoding="utf-8")
ALONE = "import sys\nfor name in ('nircolor', 'torch', 'cv2', 'onnx'):\n    sys.modules[name] = None\n"
"""Whoever imports one of these fails."""


@pytest.mark.parametrize("depth", [8, 16])
def test_the_twenty_lines_colour_a_picture(depth: int, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(example.strip().splitlines()) <= 20
    nir = scenes.quantise(scenes.render(3, 60, 80).nir, depth)
    Image.fromarray(nir).save(tmp_path / "nir.png")
    (tmp_path / "edge.py").write_text(ALONE + example, encoding="utf-8")
    words = [str(locate("edge").with_suffix(".onnx")), "nir.png", "out.png"]
    done = subprocess.run(
        [sys.executable, "edge.py", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nir.png: 80 x 60 pixels -> out.png\n"
    wanted = Colorizer.from_weights("edge", engine="onnx").colorize(nir.astype(np.float32) / (2**depth - 1))
    found = np.asarray(Image.open(tmp_path / "out.png"))
    assert np.abs(found - wanted * 255).max() < 0.51
