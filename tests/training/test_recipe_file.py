"""Recipes on disk: what ships, what a file, its bases and ``--set`` come to, and what is refused."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from nircolor import weights
from nircolor.errors import InputError, UsageError
from nircolor.model import PRESETS, Generator
from nircolor.training.recipe_file import RECIPES, load_recipe, packaged_recipes, parse_recipe

ROOT = Path(__file__).resolve().parents[2]
CHANGES = {"lite-matched": ["validation=[]", "validate_every=100000"], "edge-matched": ["validation=[]"]}
"""What the packaged runs of these recipes change of them."""
PACKAGED = [("lite", "lite-matched"), ("edge", "edge-matched")]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refused_change(change: str, name: str = "lite") -> str:
    with pytest.raises(UsageError) as caught:
        load_recipe(name, [change])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("preset", "recipe"), PACKAGED)
def test_the_packaged_weights_were_trained_by_the_packaged_recipe(preset: str, recipe: str) -> None:
    meta: Any = weights.read_meta(ROOT / "weights" / f"nircolor-{preset}.safetensors")
    then, now = parse_recipe(meta["recipe"]), load_recipe(recipe, CHANGES[recipe])
    assert differences(then, now) == set()
    assert then.model == PRESETS[preset]
    assert meta["step"] == now.optim.steps


@pytest.mark.parametrize(("preset", "recipe"), PACKAGED)
def test_the_script_that_reproduces_the_packaged_weights_makes_them_as_they_are(preset: str, recipe: str) -> None:
    script = (ROOT / "benchmarks" / "reproduce_weights").read_text(encoding="utf-8").replace("\\\n", " ")
    meta: Any = weights.read_meta(ROOT / "weights" / f"nircolor-{preset}.safetensors")
    words = [w for change in CHANGES[recipe] for w in ("--set", change)]
    training, export = (shlex.split(line) for line in script.splitlines() if f"runs/{recipe}" in line)
    assert training[: 3 + len(words)] == ["train", recipe, f"runs/{recipe}", *words]
    said = dict(pairwise(export))
    assert float(said["--start-share"]) == meta["start_share"]
    factors = {name: float(said.get(f"--{name}", 1)) for name in ("brightness", "chroma")}
    assert factors == {"brightness": 1.0, "chroma": 1.0} | meta.get("calibration", {})
    for size in ("prior_size", "paint_size"):
        chosen = said.get(f"--{size.replace('_', '-')}", getattr(PRESETS[preset], size))
        assert int(chosen) == meta["config"][size]
    assert (said["--license"], said["--dtype"]) == (meta["license"], "fp16")


@pytest.mark.parametrize("name", packaged_recipes())
def test_packaged_recipes_are_complete(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe == load_recipe(packaged_recipes()[name])
    assert recipe == parse_recipe(json.loads(json.dumps(recipe.to_dict())))
    assert {source.split for source in recipe.sources} <= {"train", ""}
    assert {source.split for source in recipe.validation} == {"val"}
    if name != "lite":
        assert packaged_recipes()[name].read_text(encoding="utf-8").startswith("# ")


def test_names_of_packaged_recipes_are_unique() -> None:
    assert len(packaged_recipes()) == len(list(RECIPES.rglob("*.toml")))


def test_published_numbers() -> None:
    haqagen, colormamba = load_recipe("haqagen"), load_recipe("colormamba")
    loss, optim = haqagen.loss, haqagen.optim
    assert (loss.mse, loss.feature, loss.adversarial) == (15, 15, 1)
    assert (loss.alpha, loss.beta, loss.gamma, loss.delta, loss.ms_ssim) == (1, 1.5, 1, 0.2, 0)
    assert (loss.gan, loss.critic_spaces, optim.generator_steps) == ("hinge", ("rgb", "hsv"), 1)
    assert (optim.beta1, optim.beta2, optim.weight_decay) == (0.5, 0.999, 1e-4)
    assert (optim.rate, optim.rate * optim.final_rate) == (1e-4, pytest.approx(1e-6))
    assert (optim.epochs, optim.batch, optim.precision, haqagen.augment.size) == (50, 16, "fp16", 256)
    loss, optim = colormamba.loss, colormamba.optim
    assert (loss.mse, loss.feature, loss.adversarial) == (100, 100, 1)
    assert (loss.beta, loss.delta, loss.ms_ssim > 0, loss.gan) == (0, 0, True, "vanilla")
    assert (optim.rate, optim.beta1, optim.beta2, optim.weight_decay) == (1e-4, 0.5, 0.999, 0.5)
    assert (optim.epochs, optim.batch, colormamba.augment.size) == (300, 8, 256)
    for recipe in (haqagen, colormamba):
        ours = recipe.loss
        assert ours.pixel == ours.blurred == ours.angular == ours.prior == ours.perceptual == 0


def differences(a: Any, b: Any, path: str = "") -> set[str]:
    if not is_dataclass(a):
        return set() if a == b else {path}
    names = [f.name for f in fields(a)]
    return set().union(*(differences(getattr(a, n), getattr(b, n), f"{path}.{n}".lstrip(".")) for n in names))


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("haqagen-full", set()),
        ("haqagen-colormamba-loss", {"loss.beta", "loss.delta", "loss.ms_ssim"}),
        ("haqagen-cdf-only", {"loss.alpha", "loss.gamma", "loss.delta"}),
        ("haqagen-vgg-only", {"loss.alpha", "loss.gamma", "loss.beta"}),
        ("haqagen-texture-only", {"loss.beta", "loss.delta"}),
        ("haqagen-no-spade", {"model.spade", "loss.feature_on_hsv", "loss.critic_spaces"}),
        ("colormamba-no-mamba", {"model.vss.mamba", "model.vss.attention", "model.vss.padding"}),
        ("colormamba-mamba", {"model.vss.attention", "model.vss.padding"}),
        ("colormamba-mamba-attention", {"model.vss.padding"}),
        ("colormamba-mamba-attention-padding", set()),
    ],
)
def test_an_ablation_differs_from_its_base_in_nothing_else(name: str, changed: set[str]) -> None:
    base = load_recipe(name.split("-")[0])
    assert differences(base, load_recipe(name)) == changed
    assert packaged_recipes()[name].parent.name == "ablations"


def test_every_ablation_has_its_row_above() -> None:
    found = {path.stem for path in (RECIPES / "ablations").glob("*.toml")}
    marks = test_an_ablation_differs_from_its_base_in_nothing_else.pytestmark  # type: ignore[attr-defined]
    assert found == {name for name, _ in marks[0].args[1]}


@pytest.mark.parametrize("name", ["no-mamba", "mamba", "mamba-attention"])
def test_the_rows_of_colormamba_table_2_are_other_networks(name: str) -> None:
    torch.manual_seed(0)
    narrow = [f"model.{branch}={{widths=[8, 8], blocks=[0, 1]}}" for branch in ("rgb", "prior")]
    whole, part = (Generator(load_recipe(row, narrow).model) for row in ("colormamba", f"colormamba-{name}"))
    found = part.load_state_dict(whole.state_dict(), strict=False)
    assert not found.missing_keys, "a row has nothing that the whole has not"
    nir = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not torch.equal(whole(nir)[0], part(nir)[0])


def test_bases_chain_and_are_beside_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "first.toml", 'base = "lite"\n[optim]\nrate = 1e-3\nbatch = 4\n[model.vss]\nstate = 2\n')
    write(tmp_path / "deep" / "second.toml", 'base = "../first.toml"\n[optim]\nbatch = 2\n[[sources]]\nfolder = "x"\n')
    recipe, lite = load_recipe(tmp_path / "deep" / "second.toml"), load_recipe("lite")
    assert (recipe.optim.rate, recipe.optim.batch, recipe.optim.steps) == (1e-3, 2, lite.optim.steps)
    assert [source.folder for source in recipe.sources] == ["x"], "lists are replaced"
    assert recipe.model == replace(lite.model, vss=replace(lite.model.vss, state=2))
    assert recipe.loss == lite.loss


def test_bases_that_cannot_be(tmp_path: Path) -> None:
    a = write(tmp_path / "a.toml", 'base = "b.toml"')
    write(tmp_path / "b.toml", 'base = "a.toml"')
    with pytest.raises(UsageError, match=r"base goes round in a circle: a\.toml -> b\.toml -> a\.toml"):
        load_recipe(a)
    with pytest.raises(UsageError, match=r"c\.toml: base = 'lita': no recipe of this name .* did you mean lite\?"):
        load_recipe(write(tmp_path / "c.toml", 'base = "lita"'))
    with pytest.raises(UsageError, match=r"d\.toml: base = 3: must be the name or the path"):
        load_recipe(write(tmp_path / "d.toml", "base = 3"))
    with pytest.raises(InputError, match=r"e\.toml: base = 'gone\.toml': .*gone\.toml is not there"):
        load_recipe(write(tmp_path / "e.toml", 'base = "gone.toml"'))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.toml: not a recipe"):
        load_recipe(tmp_path / "missing.toml")
    with pytest.raises(InputError, match=r"bad\.toml: not a recipe"):
        load_recipe(write(tmp_path / "bad.toml", "= 3"))
    with pytest.raises(UsageError, match=r"haqagn: no recipe of this name comes with nircolor; did you mean haqagen\?"):
        load_recipe("haqagn")


def test_a_fault_is_blamed_on_the_file_that_has_it(tmp_path: Path) -> None:
    first = write(tmp_path / "first.toml", 'base = "lite"\n[optim]\nbatch = 0\n')
    second = write(tmp_path / "second.toml", 'base = "first.toml"\n[optim]\nrate = 1e-3\n')
    with pytest.raises(UsageError) as caught:
        load_recipe(second)
    assert str(caught.value) == f"{first}: optim.batch = 0: must be at least 1"


def test_changes_are_toml_values_at_dotted_keys() -> None:
    changes = (
        "optim.steps=100",
        "augment.size = 128",
        "loss.adversarial=0",
        "model.spade=false",
        "model.rgb.widths=[8, 16, 32]",
        "sources.0.weight=0.25",
        "sources.4={folder='y'}",
        "optim.precision=fp32",
        'loss.vgg_weights="a = b"',
        "augment={noise=0}",
    )
    recipe, lite = load_recipe("lite", changes), load_recipe("lite")
    assert recipe.optim == replace(lite.optim, steps=100, precision="fp32")
    assert recipe.augment == replace(lite.augment, size=128, noise=0)
    assert recipe.model == replace(lite.model, spade=False, rgb=replace(lite.model.rgb, widths=(8, 16, 32)))
    assert recipe.sources[:4] == (replace(lite.sources[0], weight=0.25), *lite.sources[1:4])
    assert [(s.folder, s.weight) for s in recipe.sources[4:]] == [("y", 1.0)]
    assert recipe.loss == replace(lite.loss, vgg_weights="a = b")
    assert recipe.model.name == "lite"
    assert load_recipe("lite", ["model.name=mine"]).model.name == "mine"


def test_the_last_to_say_steps_or_epochs_says_how_long() -> None:
    lengths = {
        (): (0, 50),
        ("optim.steps=7",): (7, 0),
        ("optim.epochs=3",): (0, 3),
        ("optim.steps=7", "optim.epochs=3"): (0, 3),
        ("optim={steps=7}",): (7, 0),
    }
    for changes, (steps, epochs) in lengths.items():
        optim = load_recipe("haqagen", changes).optim
        assert (optim.steps, optim.epochs) == (steps, epochs)
    both = "`changes`: optim.epochs = 3: optim.steps = 7 says how long, too; give one of them"
    assert refused_change("optim={steps=7, epochs=3}") == both
    assert "optim.steps = 0: nothing to do" in refused_change("optim.epochs=0", "haqagen")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("optim.stepz=3", "`changes`: optim.stepz = 3: unknown key; did you mean optim.steps?"),
        ("optm.steps=3", "`changes`: optm = {'steps': 3}: unknown key; did you mean optim?"),
        ("batch=3", "`changes`: batch = 3: unknown key; did you mean texture.batch or optim.batch?"),
        ("vss.state=3", "`changes`: vss = {'state': 3}: unknown key; did you mean model.vss?"),
        ("lr=3", "`changes`: lr = 3: unknown key; there are preset, model, "),
        ("model.vss.stat=3", "`changes`: model.vss.stat = 3: unknown key; did you mean model.vss.state?"),
        ("sources.1.wait=3", "`changes`: sources.1.wait = 3: unknown key; did you mean sources.1.weight?"),
        ("preset=haqagn", "`changes`: preset = 'haqagn': unknown; did you mean haqagen?"),
        ("optim.steps", "`changes=optim.steps`: give key=value, such as optim.steps=100"),
        ("=3", "`changes==3`: give key=value"),
        ("sources.5.weight=1", "`changes=sources.5.weight=1`: sources.5: give a number from 0 to 4"),
        ("sources.x=1", "`changes=sources.x=1`: sources.x: give a number from 0 to 4"),
        ("seed.x=1", "`changes=seed.x=1`: seed is one value, not a table"),
        ("seed=1\nx=2", r"`changes`: seed = '1\nx=2': must be a whole number"),
    ],
)
def test_changes_that_are_refused(change: str, words: str) -> None:
    assert refused_change(change).startswith(words)


def test_the_manual_names_every_packaged_recipe_and_its_lines_load() -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert [name for name in packaged_recipes() if f"`{name}`" not in page] == []
    lines = [line.split() for line in page.splitlines() if line.startswith("    nircolor train ")]
    for words in lines:
        if words[2] in packaged_recipes():
            load_recipe(words[2], [words[i + 1] for i, word in enumerate(words) if word == "--set"])
    assert len(lines) >= 3
