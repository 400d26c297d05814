"""How two pictures are related: the strongest of the three relations, with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nircolor.datasets.leaks.features import FloatArray
from nircolor.datasets.leaks.geometry import Agreement, agreement, similarities
from nircolor.datasets.leaks.hashing import correlation, hash_distance
from nircolor.datasets.leaks.picture import LeakPicture
from nircolor.datasets.leaks.report import Evidence, Kind

CLOSE_HASHES = 14  # bits of 64
LEAST_CORRELATION = 0.9
_BLOCK = 8  # pictures whose features are compared at once: 32 MB

Relation = tuple[Kind, Evidence]


def relations(test: LeakPicture, trains: Sequence[LeakPicture]) -> Iterator[tuple[LeakPicture, Relation]]:
    """The training pictures that show what the test picture shows, and how."""
    unsettled = []
    for train in trains:
        settled = _at_a_glance(test, train)
        if settled:
            yield train, settled
        else:
            unsettled.append(train)
    for start in range(0, len(unsettled), _BLOCK):
        block = unsettled[start : start + _BLOCK]
        for train, similar in zip(block, similarities(test.features, [t.features for t in block]), strict=True):
            found = _agreement(test, train, similar)
            if found:
                yield train, ("same scene", _with_geometry(_glance(test, train), found))


def _at_a_glance(test: LeakPicture, train: LeakPicture) -> Relation | None:
    plain = _glance(test, train)
    if test.digest == train.digest:
        return "identical", plain
    for evidence in (plain, _glance(test, train, mirrored=True)):
        if evidence.hash_distance <= CLOSE_HASHES and evidence.correlation >= LEAST_CORRELATION:
            return "near-identical", evidence
    return None


def _glance(test: LeakPicture, train: LeakPicture, mirrored: bool = False) -> Evidence:
    seen = test.mirrored if mirrored else test.impression
    return Evidence(hash_distance(seen, train.impression), correlation(seen, train.impression), mirrored)


def _agreement(test: LeakPicture, train: LeakPicture, similar: FloatArray) -> Agreement | None:
    """Computed in one direction whatever is asked, so that swapping the two sets changes no verdict."""
    if test.digest <= train.digest:
        return agreement(test.features, train.features, similar)
    found = agreement(train.features, test.features, similar.T)
    return found.inverse() if found else None


def _with_geometry(glance: Evidence, found: Agreement) -> Evidence:
    return replace(
        glance,
        matches=found.matches,
        inliers=found.inliers,
        inlier_ratio=found.inliers / found.matches,
        scale=found.scale,
        rotation=found.rotation,
    )
