"""Recipes as values: types, ranges, contradictions, and the way to JSON and back."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nircolor.errors import UsageError
from nircolor.model import PRESETS, BranchConfig, ModelConfig
from nircolor.training.recipe import OptimConfig, Recipe, SourceConfig, steps_of
from nircolor.training.recipe_file import load_recipe, parse_recipe

LEAST = {"preset": "lite", "sources": [{"folder": "."}]}


def refused(values: dict[str, Any]) -> str:
    with pytest.raises(UsageError) as caught:
        parse_recipe({**LEAST, **values})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refused_change(change: str) -> str:
    with pytest.raises(UsageError) as caught:
        load_recipe("lite", [change])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_steps_of_a_number_of_epochs() -> None:
    assert steps_of(OptimConfig(steps=0, epochs=50, batch=16), 320) == 1000
    assert steps_of(OptimConfig(steps=0, epochs=3, batch=8), 9) == 4, "27 samples"
    assert steps_of(OptimConfig(steps=0, epochs=1, batch=8), 3) == 1
    assert steps_of(OptimConfig(steps=12), 320) == 12


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("optim.steps=1.0", "must be a whole number"),
        ("optim.steps=true", "must be a whole number"),
        ("optim.steps='9'", "must be a whole number"),
        ("optim.rate=true", "must be a number"),
        ("optim.rate=nan", "must be finite"),
        ("optim.rate=inf", "must be finite"),
        ("seed=9223372036854775808", "must be finite and below 2^63"),
        ("model.spade=0", "must be true or false"),
        ("start_from=3", "must be a text in quotes"),
        ("start_from=2026-11-24", "must be a text in quotes"),
        ("optim=3", "must be a table"),
        ("model=3", "must be a table"),
        ("sources=3", "must be an array"),
        ("sources=[3]", "must be a table"),
        ("sources=[{weight=1}]", "sources.0.folder: is missing"),
        ("loss.critic_spaces='rgb'", "must be an array"),
        ("loss.critic_spaces=['rgb', 'hsl']", "did you mean hsv?"),
        ("loss.gan=hing", "did you mean hinge?"),
        ("optim.schedule=cosin", "did you mean cosine?"),
        ("optim.precision=fp8", "there are bf16, fp16, fp32"),
        ("model.norm=instanse", "did you mean instance?"),
        ("model.rgb.kind=mambo", "did you mean mamba?"),
    ],
)
def test_values_of_the_wrong_type(change: str, words: str) -> None:
    assert words in refused_change(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("optim.rate=-1e-4", "must be above 0"),
        ("optim.steps=-1", "must not be negative"),
        ("optim.batch=0", "must be at least 1"),
        ("optim.beta1=1", "must be at least 0 and below 1"),
        ("optim.ema=1", "must be at least 0 and below 1"),
        ("optim.final_rate=1.5", "must be between 0 and 1"),
        ("optim.generator_steps=0", "must be at least 1"),
        ("loss.mse=-1", "must not be negative"),
        ("loss.perceptual_share=0", "must be above 0 and at most 1"),
        ("augment.size=0", "must be at least 1"),
        ("augment.max_zoom=0.5", "must be at least 1"),
        ("sources.1.weight=-1", "sources.1.weight = -1.0: must not be negative"),
        ("model.rgb.stride=3", "must be 1 or 2"),
        ("model.rgb.widths=[24, 0, 96]", "model.rgb.widths.1 = 0: must be at least 1"),
        ("save_every=0", "must be at least 1"),
        ("stages=[{share=0, size=8, batch=2}]", "stages.0.share = 0.0: must be above 0"),
        ("stages=[{share=0.5, size=8, batch=0}]", "stages.0.batch = 0: must be at least 1"),
    ],
)
def test_values_out_of_range(change: str, words: str) -> None:
    assert words in refused_change(change)


def test_bounds_of_inner_fields_are_of_fields_that_exist() -> None:
    """``bounds.inside`` names fields of another class."""
    inner = {f.name for f in fields(BranchConfig)}
    named = [f.metadata.get("bounds", {}).keys() - {""} for f in fields(ModelConfig)]
    assert [names for names in named if names] == [{"kind", "stride"}]
    assert inner >= {"kind", "stride"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sources": []}, "no [[sources]] to train on"),
        ({"sources": [{"folder": ".", "weight": 0}]}, "no source weighs anything"),
        ({"preset": ""}, "preset = '': is missing"),
        ({"stages": [{"share": 0.6, "size": 8, "batch": 2}] * 2}, "shares must leave some of the run"),
        (
            {"stages": [{"share": 0.6, "size": 8, "batch": 3}], "optim": {"accumulate": 2, "batch": 8}},
            "stages.0.batch = 3: must be a multiple of optim.accumulate = 2",
        ),
        (
            {"stages": [{"share": 0.5, "size": 8, "batch": 2, "weights": [1, 1]}]},
            "stages.0.weights = [1.0, 1.0]: must be 1, not all 0",
        ),
        (
            {"stages": [{"share": 0.5, "size": 8, "batch": 2, "weights": [0, 0]}], "rendered": {"scenes": 4}},
            "must be 2, not all 0: of the sources and, last, of the rendered scenes",
        ),
        (
            {"preset": "nir-from-rgb", "loss": {"pixel": 0, "blurred": 0}},
            "nothing to learn; loss.pixel or loss.blurred",
        ),
        ({"preset": "nir-from-rgb", "loss": {"adversarial": 1}}, 'must be 0 where model.direction is "nir"'),
        ({"loss": {"pixel": 0, "blurred": 0, "angular": 0, "prior": 0}}, "nothing to learn"),
        ({"loss": {"feature": 1, "alpha": 0, "beta": 0, "gamma": 0, "delta": 0}}, "has no part"),
        ({"loss": {"feature": 1}}, "loss.delta = 0.2: needs loss.vgg_weights"),
        ({"loss": {"perceptual": 1}}, "loss.perceptual = 1.0: needs loss.perceptual_weights"),
        ({"loss": {"critic_spaces": []}}, "loss.critic_spaces = []: must be"),
        ({"loss": {"critic_spaces": ["rgb", "rgb"]}}, "must be"),
        ({"model": {"rgb": {"widths": [8, 8]}}}, "model.rgb.blocks = [0, 0, 1]: must be one for each of"),
        ({"model": {"rgb": {"widths": [], "blocks": []}}}, "model.rgb.blocks = []: must be one for each of"),
        ({"model": {"prior": {"widths": [3, 8, 8, 8]}}}, "model.prior.widths.0 = 3: must be at least 4"),
        ({"model": {"criss_cross": 4}}, "model.criss_cross = 4: model.rgb has 3 levels"),
        ({"model": {"rgb": {"widths": [24, 48, 100]}}}, "cannot be shared by 3 heads (model.vss.head = 32)"),
    ],
)
def test_choices_that_contradict_each_other(values: dict[str, Any], words: str) -> None:
    assert words in refused(values)


def test_what_is_not_used_is_not_asked_for() -> None:
    loss = {"feature": 1, "delta": 0}
    model = {"rgb": {"widths": [24, 48, 100]}, "vss": {"attention": False}}
    assert parse_recipe({**LEAST, "loss": loss, "model": model}).model.rgb.widths == (24, 48, 100)
    assert parse_recipe({**LEAST, "sources": [{"folder": "a", "weight": 0}, {"folder": "b"}]}).sources[0].weight == 0


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = {  # in every range
    bool: st.booleans(),
    int: st.integers(1, 2),
    float: st.floats(0, 1, exclude_min=True, exclude_max=True),
    str: TEXTS,
    tuple[str, ...]: st.lists(TEXTS, max_size=2),
}
SWITCHES = {name: st.booleans() for name in ("mamba", "attention", "padding")}
SOURCES = st.lists(st.deferred(lambda: tables(SourceConfig)), min_size=1, max_size=3)
SPECIAL = {  # sizes of a model depend on each other: the presets have them
    "preset": st.sampled_from(sorted(name for name, model in PRESETS.items() if model.direction == "rgb")),
    "model": st.fixed_dictionaries(
        {}, optional={"spade": st.booleans(), "name": TEXTS, "vss": st.fixed_dictionaries({}, optional=SWITCHES)}
    ),
    "sources": SOURCES,
    "validation": SOURCES,
    "stages": st.lists(
        st.fixed_dictionaries({"share": st.floats(0.01, 0.3), "size": st.integers(1, 9), "batch": st.integers(1, 9)}),
        max_size=3,
    ),
    "augment.max_zoom": st.floats(1, 9),
    "loss.critic_spaces": st.lists(st.sampled_from(["rgb", "hsv"]), unique=True, min_size=1),
    "optim.accumulate": st.just(1),  # what divides every batch
    "optim.steps": st.nothing(),
    "optim.epochs": st.integers(1, 2**63 - 1),
}
REQUIRED = {"preset", "sources", "folder", "loss.vgg_weights", "loss.perceptual_weights"}


def tables(kind: type, path: str = "") -> st.SearchStrategy[dict[str, Any]]:
    """Tables with some of the keys of a dataclass."""
    keys = {name: (f"{path}.{name}".lstrip("."), hint) for name, hint in get_type_hints(kind).items()}
    found = {name: values(*key) for name, key in keys.items()}
    needed = {name for name, (key, _) in keys.items() if key in REQUIRED or key == "loss"}
    return st.fixed_dictionaries(
        {name: found[name] for name in needed},
        optional={name: found[name] for name in found if name not in needed and not found[name].is_empty},
    )


def values(path: str, hint: Any) -> st.SearchStrategy[Any]:
    if path in SPECIAL:
        return SPECIAL[path]
    if path in REQUIRED:
        return TEXTS.map(lambda text: text + "x")
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    return tables(hint, path) if is_dataclass(hint) else SCALARS[hint]


@given(tables(Recipe))
def test_to_dict_and_parse_are_inverse(table: dict[str, Any]) -> None:
    recipe = parse_recipe(table)
    assert parse_recipe(recipe.to_dict()) == recipe
    assert parse_recipe(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert recipe.preset == table["preset"]
    for name, value in table.get("augment", {}).items():
        assert getattr(recipe.augment, name) == value


@given(tables(Recipe), st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_any_other_table_is_refused_in_one_line(table: dict[str, Any], key: str, value: object) -> None:
    for broken in ({**table, key: value}, {**table, "optim": {key: value}}, {**table, "model": {key: value}}):
        try:
            parse_recipe(broken)
        except UsageError as error:
            assert "\n" not in str(error)  # noqa: PT017
