"""The leak check, on rendered scenes written to real files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from nircolor import scenes
from nircolor.datasets.leaks import Evidence, LeakReport, Match, check, find_leaks, group_scenes, write_csv
from nircolor.datasets.leaks.candidates import propose
from nircolor.datasets.leaks.picture import read_picture
from nircolor.datasets.leaks.relation import relations
from nircolor.datasets.pair import Pair
from nircolor.errors import OutputExistsError

SCENES = 6
HEIGHT, WIDTH = 192, 256

Made = dict[str, Pair]


def save(path: Path, rgb: np.ndarray, *options: int, depth: int = 8) -> Pair:
    """Write an RGB picture in [0, 1]; the pair is called after the file."""
    top, dtype = (255, np.uint8) if depth == 8 else (65535, np.uint16)
    assert cv2.imwrite(str(path), np.rint(np.clip(rgb, 0, 1) * top).astype(dtype)[..., ::-1], list(options))
    return Pair(path.name, None, path, "")


def crop(rgb: np.ndarray) -> np.ndarray:
    """The middle, at one and a half times the size."""
    part = rgb[24:168, 40:220]
    return cv2.resize(part, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


VARIANTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "copy.png": lambda rgb: rgb,
    "recoded.jpg": lambda rgb: rgb,
    "toned.png": lambda rgb: rgb**1.8 * np.float32([1, 0.85, 0.95]),
    "dark.png": lambda rgb: rgb / 16,  # 12 bits in a file of 16
    "half.png": lambda rgb: cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "mirrored.png": lambda rgb: rgb[:, ::-1],
    "crop.png": crop,
    "left.png": lambda rgb: rgb[:, :160],
}


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Six scenes: 0.png to 5.png."""
    folder, made = tmp_path_factory.mktemp("train"), {}
    for seed in range(SCENES):
        made[str(seed)] = save(folder / f"{seed}.png", scenes.render(seed, HEIGHT, WIDTH).rgb)
    return made


@pytest.fixture(scope="module")
def test(train: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Every variant of scene 0, and scenes that are in no training picture."""
    folder, rgb = tmp_path_factory.mktemp("test"), read(train["0"])
    made = {
        name: save(folder / name, change(rgb), *options(name), depth=16 if name == "dark.png" else 8)
        for name, change in VARIANTS.items()
    }
    for seed in (101, 102, 103):
        made[str(seed)] = save(folder / f"{seed}.png", scenes.render(seed, HEIGHT, WIDTH).rgb)
    return made


def options(name: str) -> tuple[int, ...]:
    return (cv2.IMWRITE_JPEG_QUALITY, 60) if name.endswith(".jpg") else ()


def read(pair: Pair) -> np.ndarray:
    return cv2.imread(str(pair.rgb))[..., ::-1].astype(np.float32) / 255


@pytest.fixture(scope="module")
def report(train: Made, test: Made) -> LeakReport:
    return find_leaks(list(train.values()), list(test.values()))


def test_every_kind_is_recognised_and_nothing_else(report: LeakReport) -> None:
    kinds = {(match.test.id, match.train.id): match.kind for match in report.matches}
    assert kinds == {
        ("copy.png", "0.png"): "identical",
        ("recoded.jpg", "0.png"): "near-identical",
        ("toned.png", "0.png"): "near-identical",
        ("dark.png", "0.png"): "near-identical",
        ("half.png", "0.png"): "near-identical",
        ("mirrored.png", "0.png"): "near-identical",
        ("crop.png", "0.png"): "same scene",
        ("left.png", "0.png"): "same scene",
    }
    assert report.seen == {match.test.id for match in report.matches} == set(VARIANTS)
    assert report.problems == ()


def test_evidence_says_how_the_pictures_lie(report: LeakReport) -> None:
    found = {match.test.id: match.evidence for match in report.matches}
    assert found["copy.png"].hash_distance == 0
    assert found["copy.png"].correlation == pytest.approx(1)
    assert found["copy.png"].inliers is None
    assert found["mirrored.png"].mirrored
    assert not found["recoded.jpg"].mirrored
    shrunk = found["crop.png"]  # from test to training picture
    assert shrunk.scale == pytest.approx(1 / 1.5, rel=0.02)
    assert shrunk.rotation == pytest.approx(0, abs=2)
    assert shrunk.inliers is not None
    assert shrunk.matches is not None
    assert 12 <= shrunk.inliers <= shrunk.matches
    assert shrunk.inlier_ratio == shrunk.inliers / shrunk.matches
    assert found["left.png"].scale == pytest.approx(1, rel=0.01)


def test_a_turned_picture_is_the_same_scene(train: Made, tmp_path: Path) -> None:
    turned = save(tmp_path / "turned.png", np.rot90(read(train["1"]), -1))
    (match,) = find_leaks(list(train.values()), [turned]).matches
    assert (match.train.id, match.kind) == ("1.png", "same scene")
    assert match.evidence.rotation == pytest.approx(-90, abs=2)


def test_the_order_of_the_pairs_changes_nothing(train: Made, test: Made, report: LeakReport) -> None:
    again = find_leaks(list(train.values())[::-1], list(test.values())[::-1])
    assert again == report


def test_swapping_the_sets_gives_the_same_matches_the_other_way_round(
    train: Made, test: Made, report: LeakReport
) -> None:
    swapped = find_leaks(list(test.values()), list(train.values()))
    there = {(match.test.id, match.train.id): match for match in report.matches}
    back = {(match.train.id, match.test.id): match for match in swapped.matches}
    assert {key: match.kind for key, match in back.items()} == {key: match.kind for key, match in there.items()}
    for key in (("crop.png", "0.png"), ("left.png", "0.png")):
        one, other = there[key].evidence, back[key].evidence
        assert (one.matches, one.inliers) == (other.matches, other.inliers)
        assert one.scale == pytest.approx(1 / (other.scale or 0))


def test_equal_pixels_are_identical_in_another_format_and_depth(train: Made, tmp_path: Path) -> None:
    rgb = read(train["2"])
    deep, tiff = save(tmp_path / "deep.png", rgb, depth=16), save(tmp_path / "same.tif", rgb)
    kinds = {match.test.id: match.kind for match in find_leaks([train["2"]], [deep, tiff]).matches}
    assert kinds == {"deep.png": "identical", "same.tif": "identical"}


def test_every_pair_with_the_same_pixels_is_listed(train: Made, tmp_path: Path) -> None:
    twins = [save(tmp_path / name, read(train["2"])) for name in ("a.png", "b.png")]
    matches = find_leaks([train["2"], *twins], twins).matches
    expected = [(copy.id, trained) for copy in twins for trained in ("2.png", "a.png", "b.png")]
    assert [(match.test.id, match.train.id) for match in matches] == expected


def test_unreadable_files_are_named_and_the_rest_is_checked(train: Made, tmp_path: Path) -> None:
    bad = []
    for name, content in {
        "empty.png": b"",
        "text.png": b"no picture",
        "half.png": train["0"].rgb.read_bytes()[:900],
    }.items():
        (tmp_path / name).write_bytes(content)
        bad.append(Pair(name, None, tmp_path / name, ""))
    bad.append(Pair("absent", None, tmp_path / "absent.png", ""))
    report = find_leaks([*train.values(), bad[0]], [train["0"], *bad])
    assert sorted(problem.name for problem in report.problems) == sorted(str(pair.rgb) for pair in bad)
    assert all(problem.reason and not problem.reason.startswith(problem.name) for problem in report.problems)
    assert {problem.pair for problem in report.problems} == {pair.id for pair in bad}
    assert [(match.test.id, match.train.id) for match in report.matches] == [("0.png", "0.png")]


def test_flat_pictures_match_nothing_but_themselves(train: Made, tmp_path: Path) -> None:
    grey = [
        save(tmp_path / f"{level}.png", np.full((64, 80, 3), level / 255, np.float32)) for level in (0, 90, 91, 255)
    ]
    rows = np.linspace(0, 1, 64, dtype=np.float32)[:, None, None]
    noise = np.random.default_rng(0).normal(0, 0.5 / 255, (2, 64, 80, 3))
    skies = [save(tmp_path / f"sky{i}.png", 0.5 + 0.2 * rows + noise[i]) for i in (0, 1)]
    assert find_leaks([*train.values(), *grey[:2], skies[0]], [*grey[2:], skies[1]]).matches == ()
    assert [match.kind for match in find_leaks(grey, grey[:1]).matches] == ["identical"]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_tiny_pictures_do_no_harm(train: Made, tmp_path: Path, size: tuple[int, int]) -> None:
    tiny = save(tmp_path / "tiny.png", np.random.default_rng(1).random((*size, 3), np.float32))
    report = find_leaks([train["0"], tiny], [tiny])
    assert [(match.train.id, match.kind) for match in report.matches] == [("tiny.png", "identical")]


def test_empty_sets_are_no_error(train: Made) -> None:
    assert find_leaks([], list(train.values())).matches == ()
    assert find_leaks(list(train.values()), []).matches == ()
    assert group_scenes([]) == {}


def test_candidates_agree_with_comparing_everything(
    train: Made, test: Made, report: LeakReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [read_picture(pair.rgb) for pair in train.values()]
    plain = set()
    for pair in test.values():
        for target, (kind, _) in relations(read_picture(pair.rgb), pictures):
            plain.add((pair.id, list(train.values())[pictures.index(target)].id, kind))
    assert {(match.test.id, match.train.id, match.kind) for match in report.matches} == plain
    monkeypatch.setattr(check, "MOST_CANDIDATES", 1)  # the likeliest one alone must do
    assert find_leaks(list(train.values()), list(test.values())) == report
    monkeypatch.setattr(check, "MOST_CANDIDATES", 0)
    assert "crop.png" not in find_leaks(list(train.values()), list(test.values())).seen


def test_proposals_leave_the_picture_itself_out(train: Made) -> None:
    pictures = [read_picture(pair.rgb) for pair in train.values()]
    for number, proposed in enumerate(propose(pictures, pictures, SCENES)):
        assert number not in proposed
        assert len(proposed) == len(set(proposed))


def test_progress_goes_up_to_the_end(train: Made, test: Made, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    missing = Pair("absent", None, tmp_path / "absent.png", "")
    find_leaks(list(train.values()), [*test.values(), missing], on_progress=lambda *step: steps.append(step))
    done, totals = [step[0] for step in steps], {step[1] for step in steps}
    assert done == sorted(set(done))
    assert totals == {done[-1]}
    assert len(done) >= len(train) + len(test)


def test_group_scenes_joins_what_hangs_together(train: Made, test: Made, tmp_path: Path) -> None:
    rgb = read(train["3"])
    left, right = save(tmp_path / "left3.png", rgb[:, :124]), save(tmp_path / "right3.png", rgb[:, 132:])
    missing = Pair("absent", None, tmp_path / "absent.png", "")
    pairs = [right, *test.values(), *train.values(), left, missing]
    assert find_leaks([left], [right]).matches == ()  # nothing in common, but both are part of scene 3
    groups = group_scenes(pairs)
    expected = {pair.id: pair.id for pair in pairs}
    expected |= dict.fromkeys(VARIANTS, "0.png") | dict.fromkeys(("left3.png", "right3.png"), "3.png")
    assert groups == expected
    assert group_scenes(pairs[::-1]) == groups


def test_csv_has_a_row_for_each_match(report: LeakReport, tmp_path: Path) -> None:
    path = tmp_path / "leaks.csv"
    write_csv(path, report, overwrite=False)
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    expected = [(match.test.id, match.train.id, match.kind) for match in report.matches]
    assert [(row["test_id"], row["train_id"], row["kind"]) for row in rows] == expected
    by_id = {row["test_id"]: row for row in rows}
    for match in report.matches:
        row, evidence = by_id[match.test.id], match.evidence
        assert (row["test"], row["train"]) == (str(match.test.rgb), str(match.train.rgb))
        assert int(row["hash_distance"]) == evidence.hash_distance
        assert float(row["correlation"]) == pytest.approx(evidence.correlation, abs=1e-4)
        assert row["mirrored"] == ("yes" if evidence.mirrored else "no")
        assert row["inliers"] == ("" if evidence.inliers is None else str(evidence.inliers))
        assert (row["scale"] == "") == (evidence.scale is None)
    with pytest.raises(OutputExistsError):
        write_csv(path, report, overwrite=False)
    write_csv(path, LeakReport(()), overwrite=True)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1


def test_csv_is_safe_in_a_spreadsheet(report: LeakReport, tmp_path: Path) -> None:
    match = report.matches[0]
    odd = Pair('=HYPERLINK("x"),\n', None, Path("+a\udcff.png"), "")
    write_csv(tmp_path / "odd.csv", LeakReport((type(match)(odd, match.train, match.kind, match.evidence),)), False)
    with (tmp_path / "odd.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["test_id"].startswith("'")
    assert row["test"].startswith("'")
    assert "\n" not in row["test_id"]


def test_a_scene_is_seen_when_one_of_its_pictures_is() -> None:
    """``near`` matches nothing itself, but its data set says that it shows the place of ``same``."""
    evidence = Evidence(0, 1.0)
    test = [Pair(id, None, Path(f"{id}.png"), scene) for id, scene in (("same", "a"), ("near", "a"), ("other", "b"))]
    report = LeakReport((Match(test[0], Pair("t", None, Path("t.png"), "t"), "identical", evidence),))
    assert report.seen == {"same"}
    assert report.seen_by_scene(test) == {"same", "near"}
