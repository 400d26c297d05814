"""nircolor/weights_network.py: a file that describes another network than it holds is told before memory is taken."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save as save_tensors
from small_network import SMALL

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.model import PRESETS, Generator
from nircolor.model.networks import network_for
from nircolor.training.made import load_reverse
from nircolor.weights_file import encode
from nircolor.weights_network import described, restored

TABLE: dict[str, Any] = SMALL.to_dict()
STATE = Generator(SMALL).state_dict()
SHAPES = {name: tuple(value.shape) for name, value in STATE.items()}
PATH = Path("some.safetensors")

COLORIZE = """
import json, resource, sys
import nircolor.colorizer, nircolor.torch_networks, nircolor.weights_network
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + (512 << 20), -1))
said = []
for path in sys.argv[1:]:
    try:
        nircolor.colorizer.Colorizer.from_weights(path, device="cpu")
    except Exception as error:
        said.append(f"{type(error).__name__} {error}")
print(json.dumps(said))
"""


def changed(path: str, value: object, of: dict[str, Any] = TABLE) -> dict[str, Any]:
    """The configuration ``of`` a network with one value, at a dotted key, replaced."""
    table: Any = deepcopy(of)
    *parents, last = path.split(".")
    place = table
    for name in parents:
        place[name] = list(place[name]) if isinstance(place[name], tuple) else place[name]
        place = place[name]
    place[last] = value
    return dict(table)


GIANTS = {
    "members": {"config": TABLE, "members": [0] * 100_000},
    "blocks": {"config": changed("rgb.blocks", [0, 50_000])},
    "separable": {"config": changed("prior", {**TABLE["prior"], "kind": "separable", "blocks": [0, 60_000]})},
    "endless blocks": {"config": changed("rgb.blocks", [0, 10**12])},
    "levels": {"config": changed("rgb", {**TABLE["rgb"], "widths": [8] * 5000, "blocks": [0] * 5000})},
    "widths": {"config": changed("rgb.widths", [20_000, 65_536])},
    "state": {"config": changed("vss.state", 65_000)},
    "expand": {"config": changed("vss.expand", 60_000)},
    "prior features": {"config": changed("prior_features", 65_000)},
}


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="how much memory is taken is asked of Linux")
def test_what_asks_for_the_world_is_refused_within_half_a_gigabyte(tmp_path: Path) -> None:
    """All of them, one after the other, within the same half."""
    paths = [str(tmp_path / f"{name}.safetensors") for name in GIANTS]
    for path, meta in zip(paths, GIANTS.values(), strict=True):
        weights.save(Path(path), STATE, meta)
    command = [sys.executable, "-c", COLORIZE, *paths]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for path, said in zip(paths, shown, strict=True):
        assert said.startswith(f"WeightsError {path}: not weights of a network that"), said
        assert "\n" not in said
        assert len(said) < 600


WRONG = {
    "rgb": ({}, [], 5, None, "x", {"widths": 3, "blocks": 4}),
    "rgb.widths": ([], 8, "88", [8, "8"], [8, 8.5], [8, True], [8, -8], [8, 0], [0, 8], [[8], 8], [8, 10**30], None),
    "rgb.blocks": ([], [0], [0, 1, 1], [0, -1], [0, None]),
    "rgb.stride": (0, 3, -1, "2", True, 2.0, 10**400),
    "rgb.kind": ("", "conv", None, 3, ["mamba"]),
    "prior.widths": ([], [3, 8], [1, 1]),
    "prior.kind": ("efficientnet-lite0", "efficientnet-lite9"),
    "prior.stride": (3, 0, 8),
    "vss": (None, [], {"state": -1}, {"unknown": 1}),
    "vss.head": (0, -8, 3, 10**9),
    "vss.state": (0, float("nan"), float("inf")),
    "criss_cross": (-7, 3, 99),
    "direction": ("nir", "back", None),
    "reduction": (0, -1, 5, 10**9, 2.0, "2"),
    "paint_size": (-1, 10**6, "288"),
    "norm": ("batch", None),
    "head": ("linear", 6),
    "equalize": ("no", 0),
    "prior_size": (0, -4, 10**6, 10**7),
    "name": (None, 7),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_a_value_that_cannot_be_is_refused_in_one_line(key: str, value: object) -> None:
    with pytest.raises(
        WeightsError, match=r"^some\.safetensors: not weights of a network .*; give another file$"
    ) as told:
        described({"config": changed(key, value)}, SHAPES, PATH)
    assert "\n" not in str(told.value)


ON_ENCODER = replace(PRESETS["lite"].prior, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 1))
PRETRAINED = replace(SMALL, prior=ON_ENCODER)
REVERSE = replace(PRESETS["nir-from-rgb"], prior=ON_ENCODER, vss=SMALL.vss)
KINDS = {config.name: config for config in (PRETRAINED, REVERSE)}
NOT_OF_ENCODER = {
    "prior.widths": ([8, 8, 8], [8] * 5, [8, 8, 8, 16], [16, 8, 8, 8]),
    "prior.blocks": ([0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 10**9]),
    "prior.stride": (1, 2, 8),  # tensors of the same shapes, and maps that would not meet
    "prior.kind": ("mamba", "separable"),
    "vss.head": (3, 0),
    "vss.state": (3, 10**6),
    "reduction": (0, -1, 10**9),
    "prior_size": (0, 10**6),
    "direction": ("rgb or nir",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_pretrained_encoder_is_held_against_its_tensors_too(kind: str) -> None:
    config = KINDS[kind]
    shapes = {name: tuple(value.shape) for name, value in network_for(config).state_dict().items()}
    table: dict[str, Any] = config.to_dict()
    assert described({"config": table}, shapes, PATH) == (config, 1)
    other = {"nir": "rgb", "rgb": "nir"}[config.direction]
    wrong = [(key, value) for key, values in NOT_OF_ENCODER.items() for value in values] + [("direction", other)]
    for key, value in wrong:
        with pytest.raises(WeightsError, match=r"^some\.safetensors: not weights of a network .*; give another file$"):
            described({"config": changed(key, value, table)}, shapes, PATH)
    with pytest.raises(WeightsError):
        described({"config": table, "members": [{}, {}]}, shapes, PATH)


def test_networks_of_both_directions_are_built_by_who_wants_them_alone(tmp_path: Path) -> None:
    for name, config in KINDS.items():
        weights.save(tmp_path / name, network_for(config).state_dict(), {"config": config.to_dict()})
    there, back = (weights.load(tmp_path / name) for name in KINDS)
    assert restored(there, Generator).config == PRETRAINED
    assert load_reverse(str(tmp_path / REVERSE.name)).config == REVERSE
    with pytest.raises(WeightsError, match="makes near-infrared of colour, not the other way"):
        restored(back, Generator)
    with pytest.raises(WeightsError, match="weights of the recipe nir-from-rgb are needed"):
        load_reverse(str(tmp_path / PRETRAINED.name))


LIES: dict[str, dict[str, object]] = {
    "members": {"config": REVERSE.to_dict(), "members": [0] * 100_000},
    "blocks": {"config": changed("prior.blocks", [0, 0, 0, 10**12], REVERSE.to_dict())},
    "widths": {"config": changed("prior.widths", [65_536] * 4, REVERSE.to_dict())},
    "reduction": {"config": changed("reduction", 10**9, REVERSE.to_dict())},
    "none": {},
}


@pytest.mark.parametrize("meta", LIES.values(), ids=LIES)
def test_a_network_of_the_way_back_that_lies_is_refused(tmp_path: Path, meta: dict[str, object]) -> None:
    weights.save(tmp_path / "lie.safetensors", network_for(REVERSE).state_dict(), meta)
    with pytest.raises(WeightsError, match=r"lie\.safetensors: not weights of a network .*; give another file$"):
        load_reverse(str(tmp_path / "lie.safetensors"))


def test_a_network_of_the_way_back_has_finite_numbers(tmp_path: Path) -> None:
    state = {name: value.contiguous() for name, value in network_for(REVERSE).state_dict().items()}
    state["pyramid.head.bias"][0] = float("nan")
    (tmp_path / "nan.safetensors").write_bytes(encode(save_tensors(state), {"config": REVERSE.to_dict()}))
    with pytest.raises(WeightsError, match=r"tensor 'pyramid\.head\.bias' holds a value that is no number"):
        load_reverse(str(tmp_path / "nan.safetensors"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70_000) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*TABLE, "widths"]), inner, max_size=3),
    max_leaves=6,
)
KEYS = [*TABLE, *(f"{outer}.{inner}" for outer in ("rgb", "prior", "vss") for inner in TABLE[outer])]


@given(st.sampled_from(KEYS), VALUES)
def test_any_value_fits_or_is_a_weights_error(key: str, value: object) -> None:
    try:
        config, members = described({"config": changed(key, value)}, SHAPES, PATH)
    except WeightsError:
        return
    assert {name: tuple(v.shape) for name, v in Generator(config, members).state_dict().items()} == SHAPES


@pytest.mark.parametrize("config", [None, [], "lite", 5, {}], ids=str)
def test_what_is_no_configuration_is_refused(config: object) -> None:
    for meta in ({"config": config}, {}):
        with pytest.raises(WeightsError, match="not weights of a network"):
            described(meta, SHAPES, PATH)


def test_tensors_that_differ_are_named() -> None:
    name = "rgb_branch.head.weight"
    for shapes, words in (
        ({**SHAPES, name: (6, 8, 3, 4)}, f"{name} is 6 x 8 x 3 x 4 in the file and 6 x 8 x 3 x 3 in the network"),
        ({k: v for k, v in SHAPES.items() if k != name}, "more than the"),
        ({**SHAPES, "left over": ()}, "left over is one number in the file and nowhere in the network"),
    ):
        with pytest.raises(WeightsError, match=words):
            described({"config": TABLE}, shapes, PATH)


@pytest.mark.parametrize("members", [None, [], [{}], [{}, {}, {}]], ids=str)
def test_what_fits_is_built(tmp_path: Path, members: list[object] | None) -> None:
    count = len(members) if members else 1
    torch.manual_seed(3)
    network = Generator(SMALL, count)
    path = tmp_path / "x.safetensors"
    weights.save(path, network.state_dict(), {"config": TABLE, "members": members})
    nir = torch.rand(1, 1, 16, 24)
    with torch.inference_mode():
        assert torch.equal(restored(weights.load(path), Generator).prior(nir), network.eval().prior(nir))


def test_two_networks_may_be_made_at_once(tmp_path: Path) -> None:
    """A check counts what its own thread makes; another that trains meanwhile is not in its way."""
    from threading import Event, Thread
    from time import sleep

    stop, made = Event(), []

    def make() -> None:
        while not stop.is_set():
            made.append(torch.nn.Linear(1, 1))

    other = Thread(target=make)
    other.start()
    try:
        while not made:
            sleep(0.001)
        for _ in range(20):
            described({"config": TABLE}, SHAPES, PATH)
    finally:
        stop.set()
        other.join()
    assert made
    assert all(parameter.device.type == "cpu" for layer in made for parameter in layer.parameters())
