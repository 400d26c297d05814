"""The texture autoencoder's pretraining: on training pictures alone, saved in the run, used again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nircolor.errors import UsageError, WeightsError
from nircolor.events import nobody
from nircolor.model.texture import load_texture
from nircolor.training.data import check_unseen
from nircolor.training.data_loader import DataLoader, PairSource
from nircolor.training.devices import fabric_for
from nircolor.training.events import Losses
from nircolor.training.pairs import find_pairs
from nircolor.training.recipe import Recipe, SourceConfig
from nircolor.training.recipe_file import parse_recipe
from nircolor.training.texture_pretraining import texture_for


def recipe(**loss: object) -> Recipe:
    return parse_recipe(
        {
            "preset": "lite",
            "sources": [{"folder": "."}],
            "augment": {"size": 32},
            "loss": {"feature": 1.0, "delta": 0.0, **loss},
            "texture": {"steps": 120, "batch": 4, "rate": 3e-3, "width": 16},
        }
    )


def loader(data: Path, made: Recipe) -> DataLoader:
    return DataLoader([PairSource(find_pairs(made.sources[0], data))], made.augment, made.seed, 4)


def test_it_learns_to_reconstruct_is_saved_and_used_again(data: Path, tmp_path: Path) -> None:
    made, fabric, events = recipe(), fabric_for("fp32"), []
    network = texture_for(made, tmp_path, loader(data, made), fabric, events.append)
    losses = [event.values["reconstruction"] for event in events if isinstance(event, Losses)]
    assert losses[-1] < 0.5 * losses[0]
    assert not any(parameter.requires_grad for parameter in network.parameters())
    again = texture_for(made, tmp_path, loader(data, made), fabric, lambda event: pytest.fail("it was trained twice"))
    elsewhere = recipe(texture_weights=str(tmp_path / "texture.safetensors"))
    named = texture_for(
        elsewhere, tmp_path / "other", loader(data, made), fabric, lambda event: pytest.fail("trained anew")
    )
    x = torch.rand(1, 3, 20, 24)
    for other in (again, named, load_texture(tmp_path / "texture.safetensors")):
        torch.testing.assert_close(other.encode(x), network.encode(x))


def test_other_files_are_refused(tmp_path: Path, data: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    made = recipe(texture_weights=str(tmp_path / "bad.safetensors"))
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        texture_for(made, tmp_path, loader(data, made), fabric_for("fp32"), nobody)


def test_validation_and_test_pictures_are_refused(data: Path) -> None:
    made = recipe()
    pairs = find_pairs(made.sources[0], data)
    check_unseen(pairs[:2], pairs[2:], made)
    with pytest.raises(UsageError, match=r"2_rgb\.tif: is a validation picture"):
        check_unseen(pairs, pairs[2:], made)
    for split in ("val", "test"):
        source = SourceConfig(".", split=split)
        held_out = Recipe(made.preset, made.model, (source,))
        with pytest.raises(UsageError, match="held out"):
            check_unseen((), (), held_out)
