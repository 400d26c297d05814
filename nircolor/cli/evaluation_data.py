"""What ``nircolor evaluate`` works on: the pairs, the columns, and which pictures were trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nircolor.cli.report import Advance, Report
from nircolor.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nircolor.cli.evaluation import Job
    from nircolor.datasets.pair import Dataset, Pair, Problem
    from nircolor.evaluation.metric import Metric
    from nircolor.evaluation.protocols import Protocol


def find_pairs(job: Job, report: Report, advance: Advance) -> Dataset:
    """The data set, told in one line. Raises InputError where there are no pairs."""
    from nircolor.datasets import open_dataset

    dataset = open_dataset(
        Path(job.data),
        layout=job.layout,
        split=job.split,
        split_file=job.split_file,
        seed=job.seed,
        on_progress=lambda done, total: advance("finding scenes", done, total),
    )
    _tell(dataset, report)
    return dataset


def _tell(dataset: Dataset, report: Report) -> None:
    count = len(dataset.pairs)
    pairs = f"{count} pair{'' if count == 1 else 's'}, layout {dataset.layout}"
    split = "" if dataset.split == "all" else f", split {dataset.split} ({dataset.split_origin})"
    report.say(f"{dataset.root}: {pairs}{split}")


def training_pairs(job: Job, report: Report) -> list[Pair]:
    """The pairs of every --train; what is wrong with the rest of those folders is only worth a warning."""
    from nircolor.datasets import open_dataset

    pairs: list[Pair] = []
    for text in job.train:
        root, at, split = text.rpartition("@")
        if not at or Path(text).exists():  # an "@" in the name of a folder
            root, split = text, "all"
        dataset = open_dataset(Path(root), split=split)
        _tell(dataset, report)
        for problem in dataset.problems:
            report.warn(f"--train: {problem}")
        pairs += dataset.pairs
    return pairs


def find_metrics(job: Job, protocol: Protocol) -> tuple[tuple[Metric, ...], dict[str, str]]:
    """The columns, with the protocol's own formulas; why the LPIPS column is missing, if it is."""
    from nircolor.evaluation.metrics import LPIPS, choose_metrics

    choose_metrics(job.metrics, None)  # refuses unknown names before anything is fetched
    lpips, missing = None, {}
    if not job.metrics or LPIPS in job.metrics:
        from nircolor.evaluation.perceptual import lpips_metric

        try:
            lpips = lpips_metric(job.lpips, job.lpips_weights)
        except WeightsError as error:
            if job.lpips_weights or LPIPS in job.metrics:  # it was asked for
                raise
            missing[f"lpips-{job.lpips}"] = str(error).removeprefix(f"lpips-{job.lpips}: ")
    return tuple(protocol.apply(metric) for metric in choose_metrics(job.metrics, lpips)), missing


def check_leaks(
    job: Job, train: Sequence[Pair], test: Sequence[Pair], report: Report, advance: Advance
) -> tuple[tuple[Problem, ...], frozenset[str] | None]:
    """Pictures that could not be read, and ids of those that show a scene that was trained on; None: nobody knows."""
    if not train:
        return (), None
    from nircolor.datasets.leaks import find_leaks, write_csv

    found = find_leaks(train, test, on_progress=lambda done, total: advance("looking for leaks", done, total))
    if job.leaks:
        write_csv(job.leaks, found, job.overwrite)
    seen = found.seen_by_scene(test)
    report.say(f"leak check: {len(seen)} of {len(test)} pictures show a scene of the {len(train)} training pairs")
    return found.problems, seen
