"""How two pictures are related: the strongest of the three relations, with its evidence."""

from __future__ import annotations

from nircolor.datasets.leaks.geometry import Agreement, agreement
from nircolor.datasets.leaks.hashing import correlation, hash_distance
from nircolor.datasets.leaks.picture import Picture
from nircolor.datasets.leaks.report import Evidence, Kind

CLOSE_HASHES = 14  # bits of 64
LEAST_CORRELATION = 0.9

Relation = tuple[Kind, Evidence]


def relation(test: Picture, train: Picture) -> Relation | None:
    """None where the pictures show nothing in common that could be found."""
    plain = _at_a_glance(test, train, mirrored=False)
    if test.digest == train.digest:
        return "identical", plain
    for evidence in (plain, _at_a_glance(test, train, mirrored=True)):
        if evidence.hash_distance <= CLOSE_HASHES and evidence.correlation >= LEAST_CORRELATION:
            return "near-identical", evidence
    found = _agreement(test, train)
    return None if found is None else ("same scene", _with_geometry(plain, found))


def _at_a_glance(test: Picture, train: Picture, mirrored: bool) -> Evidence:
    seen = test.mirrored if mirrored else test.impression
    distance, likeness = hash_distance(seen, train.impression), correlation(seen, train.impression)
    return Evidence(distance, likeness, mirrored)


def _agreement(test: Picture, train: Picture) -> Agreement | None:
    """Computed in one direction whatever is asked, so that swapping the two sets changes no verdict."""
    if test.digest <= train.digest:
        return agreement(test.features, train.features)
    found = agreement(train.features, test.features)
    return None if found is None else found.inverse()


def _with_geometry(glance: Evidence, found: Agreement) -> Evidence:
    return Evidence(
        glance.hash_distance,
        glance.correlation,
        matches=found.matches,
        inliers=found.inliers,
        inlier_ratio=found.inliers / found.matches,
        scale=found.scale,
        rotation=found.rotation,
    )
