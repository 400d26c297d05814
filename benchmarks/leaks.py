"""The leak check on the development data: time, and precision and recall against the scenes of its split.csv files.

    python benchmarks/leaks.py ../shared/data [--csv FOLDER]

Three levels: ``seen`` counts test pictures with a scene that is in training, ``pairs`` every two pictures of one scene
across the sets, ``scenes`` every two pictures that ``group_scenes`` puts together. Recall of ``pairs`` cannot be 1:
pictures of one scene need not overlap. ``--csv`` writes the matches, a file for each comparison.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections import Counter, defaultdict
from pathlib import Path

import cv2

from nircolor.datasets.leaks import LeakReport, find_leaks, group_scenes, write_csv
from nircolor.datasets.pair import Pair


def labelled(data: Path, name: str) -> list[tuple[str, Pair]]:
    """(split, pair) of vcip2020 or epfl, as split.csv has them."""
    root, found = data / name, []
    with (root / "split.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            split, key = row["split"], row["id"]
            if name == "vcip2020":
                nir, rgb = root / "NIR" / f"{key}_nir.png", root / "RGB-Registered" / f"{key}_rgb_reg.png"
            else:
                nir, rgb = root / split / f"{key}_nir.jpg", root / split / f"{key}_rgb.jpg"
            found.append((split, Pair(f"{name}/{key}", nir, rgb, row["scene"])))
    return found


def halves(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pictures of each scene dealt out to two sets in turn."""
    scenes = defaultdict(list)
    for pair in pairs:
        scenes[pair.scene].append(pair)
    return [p for s in scenes.values() for p in s[::2]], [p for s in scenes.values() for p in s[1::2]]


def share(part: int, whole: int) -> str:
    return f"{part / whole:.4f} ({part}/{whole})" if whole else "-"


def compare(name: str, train: list[Pair], test: list[Pair], folder: Path | None) -> LeakReport:
    start, cpu = time.perf_counter(), time.process_time()
    report = find_leaks(train, test)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    kinds = Counter(match.kind for match in report.matches)
    print(f"\n{name}: {len(test)} test x {len(train)} train, {seconds:.1f} s ({cpu:.1f} s of CPU), {dict(kinds)}")
    if folder:
        write_csv(folder / f"{name.replace(' ', '_')}.csv", report, overwrite=True)
    return report


def judge(train: list[Pair], test: list[Pair], report: LeakReport) -> None:
    scenes = {pair.scene for pair in train}
    truly = {pair.id for pair in test if pair.scene in scenes}
    found = {(match.test.id, match.train.id) for match in report.matches}
    true = {(a.id, b.id) for a in test for b in train if a.scene == b.scene}
    line("seen", len(report.seen & truly), len(report.seen), len(truly))
    line("pairs", len(found & true), len(found), len(true))
    for match in report.matches:
        if match.test.scene != match.train.scene:
            print(f"  not in split.csv: {match.test.id} {match.train.id} {match.evidence.inliers} inliers")
    for key in sorted(truly - report.seen):
        print(f"  not found: {key}")


def line(level: str, right: int, found: int, true: int) -> None:
    print(f"  {level:7} precision {share(right, found):18} recall {share(right, true)}")


def judge_groups(pairs: list[Pair]) -> None:
    start = time.perf_counter()
    groups = group_scenes(pairs)
    seconds, found, true = time.perf_counter() - start, Counter(groups.values()), Counter(pair.scene for pair in pairs)
    print(f"\ngroup_scenes: {len(pairs)} pictures, {seconds:.1f} s, {len(found)} scenes ({len(true)} in split.csv)")
    both = Counter((groups[pair.id], pair.scene) for pair in pairs)
    line("scenes", *(sum(n * (n - 1) // 2 for n in counts.values()) for counts in (both, found, true)))
    exact = sum(found[group] == true[scene] == count for (group, scene), count in both.items())
    print(f"  exactly as in split.csv: {exact} of {len(true)} scenes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    print(f"OpenCV {cv2.__version__}, {os.cpu_count()} CPUs")
    vcip, epfl = labelled(options.data, "vcip2020"), labelled(options.data, "epfl")
    small, large = [pair for _, pair in vcip], [pair for _, pair in epfl]
    both = {split: [pair for name, pair in vcip + epfl if name == split] for split in ("train", "val", "leaky")}
    comparisons = {
        "vcip2020 halves": halves(small),
        "epfl against vcip2020": (small, large),
        "val against train": (both["train"], both["val"]),
        "leaky against train": (both["train"], both["leaky"]),
    }
    for name, (train, test) in comparisons.items():
        judge(train, test, compare(name, train, test, options.csv))
    judge_groups(small + large)
    chips = [Pair(f"naip/{path.stem}", None, path, "") for path in sorted(options.data.glob("naip/*/*_rgb.*"))]
    everything = small + large + chips
    compare("400 x 400 different pictures", everything[:400], everything[-400:], options.csv)


if __name__ == "__main__":
    main()
