"""Which pictures are worth a full comparison: votes of descriptors for pictures, through an inverted file.

Comparing all features of 400 pictures with all of 400 others is 160,000 comparisons. Instead, descriptors are sorted
into cells around a sample of themselves, and a descriptor is compared with those of its nearest cells alone (Sivic and
Zisserman, "Video Google", ICCV 2003; several cells each: Jegou et al., "Product quantization", PAMI 2011). Each of its
nearest neighbours there gets a vote, for as much as it is nearer than the last of them: a descriptor that looks like
many others says little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.leaks.features import FloatArray, root
from nircolor.datasets.leaks.picture import LeakPicture

_VOTERS = 300  # strongest features of a picture that vote
_PROBES = 3  # cells that a descriptor looks into
_NEIGHBOURS = 12  # descriptors that get its votes
_BLOCK = 4096  # descriptors that look for their cells at once

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class _Descriptors:
    """Of many pictures: ``values`` (n, 128) uint8, and the number of the picture of each, ``owners`` (n,)."""

    values: NDArray[np.uint8]
    owners: IntArray


def propose(queries: Sequence[LeakPicture], targets: Sequence[LeakPicture], most: int) -> list[list[int]]:
    """For each query, the numbers of at most ``most`` targets, likeliest first.

    Targets with the query's own digest are left out. Sort the targets by digest, or the cells depend on their order.
    """
    asked, stored = _gather(queries), _gather(targets)
    if not len(asked.values) or not len(stored.values):
        return [[] for _ in queries]
    alike = _same_digest(queries, targets)
    votes = np.zeros((len(queries), len(targets)), np.float32)
    voters, chosen, similarity = _neighbours(asked, stored, alike)
    np.add.at(votes, (asked.owners[voters], chosen), _gaps(voters, similarity))
    return [[int(t) for t in np.argsort(-row, kind="stable")[:most] if row[t] > 0] for row in votes]


def _gather(pictures: Sequence[LeakPicture]) -> _Descriptors:
    parts = [picture.features.descriptors[:_VOTERS] for picture in pictures]
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return _Descriptors(np.concatenate([*parts, np.zeros((0, 128), np.uint8)]), owners)


def _same_digest(queries: Sequence[LeakPicture], targets: Sequence[LeakPicture]) -> NDArray[np.bool_]:
    numbers: dict[bytes, int] = {}
    left, right = (
        np.array([numbers.setdefault(picture.digest, len(numbers)) for picture in pictures])
        for pictures in (queries, targets)
    )
    return np.asarray(left[:, None] == right)


def _neighbours(
    asked: _Descriptors, stored: _Descriptors, alike: NDArray[np.bool_]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Of every asked descriptor up to ``_NEIGHBOURS`` stored ones: (its number, their picture, similarity), nearest
    first; ties by picture."""
    count = min(max(round(2 * np.sqrt(len(stored.values))), 1), len(stored.values))
    centres = root(stored.values[np.linspace(0, len(stored.values) - 1, count).astype(np.int64)])
    found = list(_search(asked, stored, centres, alike))
    voters, chosen = (np.concatenate([part[i] for part in found]) for i in (0, 1))
    similarity = np.concatenate([part[2] for part in found])
    order = np.lexsort((chosen, -similarity, voters))
    voters, chosen, similarity = voters[order], chosen[order], similarity[order]
    rank = np.arange(len(voters)) - np.searchsorted(voters, voters)
    near = rank < _NEIGHBOURS
    return voters[near], chosen[near], similarity[near]


def _search(
    asked: _Descriptors, stored: _Descriptors, centres: FloatArray, alike: NDArray[np.bool_]
) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Cell by cell, what ``_neighbours`` is made of."""
    members = _by_cell(_cells(stored.values, centres, 1), len(centres))
    visitors = _by_cell(_cells(asked.values, centres, min(_PROBES, len(centres))), len(centres))
    for member, visitor in zip(members, visitors, strict=True):
        if not len(member):
            continue
        similar = root(asked.values[visitor]) @ root(stored.values[member]).T
        similar[alike[asked.owners[visitor][:, None], stored.owners[member]]] = -1
        keep = min(_NEIGHBOURS, len(member))
        best = np.argpartition(-similar, keep - 1, axis=1)[:, :keep]
        yield (
            np.repeat(visitor, keep),
            stored.owners[member][best].ravel(),
            np.take_along_axis(similar, best, 1).ravel(),
        )


def _cells(values: NDArray[np.uint8], centres: FloatArray, probes: int) -> IntArray:
    """The ``probes`` nearest centres of each descriptor, (n, probes)."""
    cells = np.empty((len(values), probes), np.int64)
    for start in range(0, len(values), _BLOCK):
        similar = root(values[start : start + _BLOCK]) @ centres.T
        cells[start : start + _BLOCK] = np.argpartition(-similar, probes - 1, axis=1)[:, :probes]
    return cells


def _by_cell(cells: IntArray, count: int) -> list[IntArray]:
    """The numbers of the descriptors in each cell."""
    order = np.argsort(cells.ravel(), kind="stable")
    borders = np.searchsorted(cells.ravel()[order], np.arange(1, count))
    return np.split(order // cells.shape[1], borders)


def _gaps(voters: IntArray, similarity: FloatArray) -> FloatArray:
    """How much nearer each neighbour is than the voter's last one. Distance of unit vectors: sqrt(2 - 2 a . b)."""
    distance = np.sqrt(np.maximum(2 - 2 * similarity, 0))
    last = np.searchsorted(voters, voters, side="right") - 1
    return np.asarray(distance[last] - distance, np.float32)
