"""The leak check against the scenes that the development data knows: every fourth scene, for time.

benchmarks/leaks.py does the same with all of it. The floors are a little below what was measured; where split.csv and
the check disagree about two pictures, both were looked at, and they did show the same place.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from nircolor.datasets.leaks import LeakReport, find_leaks, group_scenes
from nircolor.datasets.pair import Pair


def pairs_of(data: Path) -> list[Pair]:
    """Every fourth scene of vcip2020 and of the natural part of epfl; the set's name is the kind."""
    found = []
    for name in ("vcip2020", "epfl"):
        with (data / name / "split.csv").open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if int(row["scene"].removeprefix("scene_")) % 4 or row.get("kind", "natural") != "natural":
                    continue
                rgb = f"{row['split']}/{row['id']}_rgb.jpg"
                if name == "vcip2020":
                    rgb = f"RGB-Registered/{row['id']}_rgb_reg.png"
                found.append(Pair(f"{name}/{row['id']}", None, data / name / rgb, row["scene"], name))
    return found


@pytest.fixture(scope="module")
def pairs(shared: Path) -> list[Pair]:
    return pairs_of(shared / "data")


@pytest.fixture(scope="module")
def halves(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Training: the first, third ... crop of each scene; test: the others, and the photographs they were cut from."""
    scenes = defaultdict(list)
    for pair in pairs:
        if pair.kind == "vcip2020":
            scenes[pair.scene].append(pair)
    train = [pair for members in scenes.values() for pair in members[::2]]
    return train, [pair for pair in pairs if pair not in train]


@pytest.fixture(scope="module")
def report(halves: tuple[list[Pair], list[Pair]]) -> LeakReport:
    return find_leaks(*halves)


def test_seen_pictures_are_found(halves: tuple[list[Pair], list[Pair]], report: LeakReport) -> None:
    train, test = halves
    scenes = {pair.scene for pair in train}
    truly = {pair.id for pair in test if pair.scene in scenes}
    assert len(truly) > 60
    assert len(report.seen & truly) >= 0.95 * len(truly)
    assert report.problems == ()


def test_unseen_pictures_are_not(halves: tuple[list[Pair], list[Pair]], report: LeakReport) -> None:
    train, test = halves
    # half of the training scenes are taken away: the pictures of these must not be found in the other half
    kept = {scene for number, scene in enumerate(sorted({pair.scene for pair in train})) if number % 2}
    rest = [match for match in report.matches if match.train.scene in kept]
    unseen = {pair.id for pair in test if pair.scene not in kept}
    assert len(unseen) > 30
    assert len({match.test.id for match in rest} & unseen) <= 0.02 * len(unseen)


def test_matches_are_of_one_scene(halves: tuple[list[Pair], list[Pair]], report: LeakReport) -> None:
    train, test = halves
    right = sum(match.test.scene == match.train.scene for match in report.matches)
    true = sum(a.scene == b.scene for a in test for b in train)
    assert right >= 0.97 * len(report.matches)
    assert right >= 0.8 * true  # pictures of one scene need not overlap


def test_scenes_are_put_together(pairs: list[Pair]) -> None:
    crops = [pair for pair in pairs if pair.kind == "vcip2020"]
    groups = group_scenes(crops)
    both = Counter((groups[pair.id], pair.scene) for pair in crops)
    found, true = Counter(groups.values()), Counter(pair.scene for pair in crops)
    exact = sum(found[group] == true[scene] == count for (group, scene), count in both.items())
    assert exact >= 0.85 * len(true)  # the check finds links between scenes of split.csv, too
