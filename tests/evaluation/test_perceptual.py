from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hub_server import HubServer
from pictures import noisy_pair, plain

from nircolor.errors import DeviceError, UsageError, WeightsError
from nircolor.evaluation.metric import Borders
from nircolor.evaluation.perceptual import BACKBONE_NAMES, lpips_metric
from nircolor.features.backbones import BACKBONES


@pytest.fixture(scope="module")
def squeeze(shared: Path) -> Path:
    return shared / "perceptual" / "lpips_squeeze_v0.1.safetensors"


def test_the_column_is_named_after_its_backbone(squeeze: Path) -> None:
    metric = lpips_metric("squeeze", str(squeeze))
    assert (metric.key, metric.title, metric.view) == ("lpips-squeeze", "LPIPS-squeeze", "display")
    prediction, truth = noisy_pair()
    distance = metric.compute(prediction, truth, Borders())
    assert distance is not None
    assert 0 < distance < 1
    assert metric.compute(truth, truth, Borders()) == 0


def test_published_example(squeeze: Path) -> None:
    """torchmetrics' example, drawn by torch's generator, as pictures (H, W, 3)."""
    import torch

    torch.manual_seed(42)
    a, b = (np.ascontiguousarray(torch.rand(2, 3, 100, 100).permute(0, 2, 3, 1).numpy()) for _ in range(2))
    metric = lpips_metric("squeeze", str(squeeze))
    assert [round(metric.compute(x, y, Borders()) or 0, 4) for x, y in zip(a, b, strict=True)] == [0.1024, 0.0938]


def test_too_small_a_picture_has_no_value(squeeze: Path) -> None:
    metric, tiny = lpips_metric("squeeze", str(squeeze)), plain(0.2, 0.3, 0.4, size=(16, 40))
    assert metric.compute(tiny, tiny, Borders()) is None
    with pytest.raises(UsageError, match="one size"):
        metric.compute(tiny, tiny[:10], Borders())


def test_memory_that_is_not_there_ends_the_run_as_such(squeeze: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*args: object, **options: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99999999 bytes")

    metric = lpips_metric("squeeze", str(squeeze))
    monkeypatch.setattr("torch.nn.functional.conv2d", greedy)
    with pytest.raises(DeviceError, match=r"176 x 192.*`metrics`"):
        metric.compute(*noisy_pair(), Borders())


def test_names() -> None:
    assert tuple(BACKBONES) == BACKBONE_NAMES
    with pytest.raises(UsageError, match="squeeze, alex, vgg"):
        lpips_metric("resnet")


def test_without_weights_the_reason_says_what_to_do() -> None:
    if find_spec("lpips") and find_spec("torchvision"):
        pytest.skip("the lpips extra is installed here")
    for name in BACKBONE_NAMES:
        with pytest.raises(WeightsError, match=rf"lpips-{name}: no weights.*`lpips_weights`.*nircolor\[lpips\]"):
            lpips_metric(name)


def test_with_the_extra_installed_its_network_is_used(squeeze: Path) -> None:
    if not (find_spec("lpips") and find_spec("torchvision")):
        pytest.skip("the lpips extra is not installed here")
    prediction, truth = noisy_pair()
    ours, theirs = lpips_metric("squeeze", str(squeeze)), lpips_metric("squeeze")
    assert ours.compute(prediction, truth, Borders()) == pytest.approx(theirs.compute(prediction, truth, Borders()))


def test_weights_from_a_hub(squeeze: Path, tmp_path: Path) -> None:
    """In a process of its own: huggingface_hub reads its environment at import."""
    code = (
        "from nircolor.evaluation.perceptual import lpips_metric\n"
        "print(lpips_metric('squeeze', 'hf://acme/nir@v1/lpips.safetensors').key)"
    )
    with HubServer({"lpips.safetensors": squeeze.read_bytes()}) as hub:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
        line = [sys.executable, "-c", code]
        done = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=600, check=False)
    assert (done.returncode, done.stdout) == (0, "lpips-squeeze\n"), done.stderr
