"""What a reference picture is worth: pictures of the data set are references of one another.

``mates``: another picture of the same scene, as who has a daytime picture of the place would give. ``other``: one of
another scene, as a wrong reference, which should change nothing. Which one it is depends on the seed and the names.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import Any

from nircolor.datasets import Pair
from nircolor.errors import UsageError
from nircolor.evaluation.methods import Method, Network, View, nir_of
from nircolor.evaluation.metric import Image
from nircolor.evaluation.specs import Spec, Weights, colorizes
from nircolor.evaluation.summary import SummaryRow
from nircolor.reference import Led, Mode, read_reference
from nircolor.reference.guide import Used, check_mode

WAYS = {"mates": "another picture of the same scene", "other": "a picture of another scene"}
WORSE = 0.2  # dB that a picture may lose


@dataclass(frozen=True)
class ReferenceWay:
    """Which pictures are references, and how they are used. ``way``: ``mates``, ``other``, or empty for none at all."""

    way: str = ""
    mode: Mode = "auto"
    seed: int = 0

    def check(self, specs: Sequence[Spec]) -> None:
        """Raises UsageError for what is unknown, and where nothing takes a reference."""
        check_mode(self.mode)
        if not self.way:
            return
        if self.way not in WAYS:
            raise UsageError("unknown", option="reference", value=self.way, remedy=f"give {' or '.join(WAYS)}")
        if not any(map(colorizes, specs)):
            raise UsageError("`reference` is for what is colorized now: add `weights`")
        if any(isinstance(spec, (Weights, Network)) and spec.resize for spec in specs):
            raise UsageError("`reference` is for pictures of native size: leave `resize` out")

    def choose(self, pairs: Sequence[Pair]) -> dict[str, Pair]:
        """The references, by id of those pairs that have one; none without a way. Raises UsageError where no pair has
        one."""
        if not self.way:
            return {}
        scenes: dict[str, list[Pair]] = defaultdict(list)
        for pair in sorted(pairs, key=lambda pair: pair.id):
            scenes[pair.scene].append(pair)
        found = {pair.id: mate for pair in pairs if (mate := self._chosen(pair, scenes))}
        if not found:
            reason = "no two pictures show one scene" if self.way == "mates" else "all pictures show one scene"
            remedy = "name scenes in a `split_file`, or give the other of mates and other"
            raise UsageError(reason, option="reference", value=self.way, remedy=remedy)
        return found

    def _chosen(self, pair: Pair, scenes: Mapping[str, list[Pair]]) -> Pair | None:
        digest = hashlib.sha256(f"{self.seed}/{pair.id}".encode(errors="surrogateescape")).digest()
        draw = random.Random(digest)
        if self.way == "mates":
            mates = [mate for mate in scenes[pair.scene] if mate.id != pair.id]
        else:
            names = sorted(name for name in scenes if name != pair.scene)
            mates = scenes[draw.choice(names)] if names else []
        return draw.choice(mates) if mates else None

    def __str__(self) -> str:
        return f"{WAYS[self.way]}, seed {self.seed}, mode {self.mode}"


@dataclass(frozen=True)
class Referenced(Network):
    """Weights that colorize now, each picture with its reference. ``used`` fills up: how each one was used, by id."""

    way: ReferenceWay = field(default_factory=ReferenceWay)
    references: Mapping[str, Pair] = field(default_factory=dict, repr=False)
    used: dict[str, Used] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, network: Network, way: ReferenceWay, references: Mapping[str, Pair]) -> Referenced:
        """The same weights with references."""
        name = f"{network.name} reference={way.way}"
        return cls(name, network.engine, lock=network.lock, way=way, references=references)

    def about(self) -> str:
        return f"{super().about()}, reference: {self.way}"

    def covers(self, pair: Pair) -> bool:
        return super().covers(pair) and pair.id in self.references

    def predict(self, view: View) -> Image:
        led = Led(self.engine, read_reference(self.references[view.pair.id].rgb), self.way.mode)
        with self.lock:
            rgb = led.colorize(nir_of(view))
        if led.used:
            self.used[view.pair.id] = led.used
        return rgb

    def noted(self, row: SummaryRow) -> SummaryRow:
        """A row of this method, with its reference and how that was used."""
        used = self.used[row.id].to_json() if row.id in self.used else {}
        return replace(row, reference={"id": self.references[row.id].id, **used})


@dataclass(frozen=True)
class ReferenceGain:
    """What references are worth to a method. ``psnr``: mean gain in dB over ``pictures``, ``angle``: change of the mean
    angle, as a share of it; None where the metric was not measured. ``worse``: pictures that lost more than ``WORSE``
    dB. ``modes``: how many references were used in which way.
    """

    method: str
    pictures: int
    psnr: float | None
    angle: float | None
    worse: int
    modes: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [] if self.psnr is None else [f"PSNR {self.psnr:+.2f} dB ({self.worse} lost more than {WORSE} dB)"]
        parts += [] if self.angle is None else [f"angle {100 * self.angle:+.1f} %"]
        parts.append(", ".join(f"{count} by {mode}" for mode, count in sorted(self.modes.items())))
        return f"{self.method}, {self.pictures} pictures: {'; '.join(parts)}".replace("by none", "unused")


def with_references(methods: Sequence[Method], way: ReferenceWay, references: Mapping[str, Pair]) -> list[Method]:
    """The methods; behind each that colorizes, where there are references, the same with them."""
    both: list[Method] = []
    for method in methods:
        both.append(method)
        if references and isinstance(method, Network):
            both.append(Referenced.of(method, way, references))
    return both


def noted(rows: Sequence[SummaryRow], methods: Sequence[Method]) -> tuple[SummaryRow, ...]:
    """All rows; those of methods with references tell which one, and how it was used."""
    led = {method.name: method for method in methods if isinstance(method, Referenced)}
    return tuple(led[row.method].noted(row) if row.method in led else row for row in rows)


def gains(rows: Sequence[SummaryRow], methods: Sequence[Method]) -> Iterator[ReferenceGain]:
    """Of each method with references over the one before it, which has none."""
    by_method = {method.name: {row.id: row for row in rows if row.method == method.name} for method in methods}
    for before, method in pairwise(methods):
        if isinstance(method, Referenced):
            led, bare = by_method[method.name], by_method[before.name]
            both = [(bare[name], led[name]) for name in led if name in bare]
            psnr = [b - a for a, b in _values(both, "psnr")]
            angles = list(zip(*_values(both, "angle"), strict=True))
            first, second = (fmean(values) for values in angles) if angles else (0.0, 0.0)
            yield ReferenceGain(
                method.name,
                len(both),
                fmean(psnr) if psnr else None,
                second / first - 1 if first else None,
                sum(gain < -WORSE for gain in psnr),
                dict(Counter(str((row.reference or {}).get("mode", "none")) for _, row in both)),
            )


def _values(rows: Sequence[tuple[SummaryRow, SummaryRow]], key: str) -> list[tuple[float, float]]:
    """Of a metric, where both have one that is finite."""
    pairs = ((a.values.get(key), b.values.get(key)) for a, b in rows)
    return [(a, b) for a, b in pairs if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)]
