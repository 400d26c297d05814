"""Bounds that stand at the fields of configurations."""

from __future__ import annotations

from dataclasses import dataclass, field

from nircolor.bounds import AT_LEAST_1, SHARE, at_most, faults, inside, limit, one_of


@dataclass(frozen=True)
class Inner:
    kind: str = field(default="a", metadata=one_of("a", "b"))
    sizes: tuple[int, ...] = field(default=(1, 2), metadata=AT_LEAST_1)
    plain: float = 0.0


@dataclass(frozen=True)
class Outer:
    share: float = field(default=0.5, metadata=SHARE)
    first: Inner = field(default=Inner(), metadata=at_most(9))
    second: Inner = field(
        default=Inner(), metadata=inside(kind=one_of("c"), plain=limit("must be 1", lambda v: v == 1))
    )
    several: tuple[Inner, ...] = ()


GOOD = Outer(second=Inner("c", plain=1))


def test_defaults_of_every_field_are_looked_at() -> None:
    assert list(faults(GOOD)) == []
    assert list(faults(Outer())) == [
        ("second.kind", "a", "not a choice; there is c"),
        ("second.plain", 0.0, "must be 1"),
    ]


def test_faults_come_in_the_order_of_the_fields_with_their_place() -> None:
    bad = Outer(0, Inner("x", (1, 0, 10), -1), GOOD.second, (Inner(), Inner(plain=-2)))
    assert list(faults(bad)) == [
        ("share", 0, "must be above 0 and at most 1"),
        ("first.kind", "x", "not a choice; there are a, b"),
        ("first.sizes.1", 0, "must be at least 1"),
        ("first.sizes.2", 10, "must be at most 9"),
        ("first.plain", -1, "must not be negative"),
        ("several.1.plain", -2, "must not be negative"),
    ]
    assert next(faults(bad, "recipe"))[0] == "recipe.share"


def test_a_misspelt_choice_gets_the_nearest() -> None:
    assert next(faults(Outer(second=Inner("ca", plain=1))))[2] == "not a choice; did you mean c?"
