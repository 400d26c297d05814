"""The leak check itself, and the same relation within one set: which pairs show one scene."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product

import numpy as np

from nircolor.datasets.leaks.candidates import propose
from nircolor.datasets.leaks.groups import components
from nircolor.datasets.leaks.hashing import FloatArray, hash_distances
from nircolor.datasets.leaks.picture import Album, LeakPicture, read_album
from nircolor.datasets.leaks.relation import CLOSE_HASHES, Relation, relations
from nircolor.datasets.leaks.report import LeakReport, Match
from nircolor.datasets.pair import Pair

MOST_CANDIDATES = 16  # pictures compared in full with one picture, beside those of close hashes

Progress = Callable[[int, int], None]


def find_leaks(train: Sequence[Pair], test: Sequence[Pair], *, on_progress: Progress | None = None) -> LeakReport:
    """Test pairs that training has seen, judged by their colour pictures: every match, with its evidence.

    ``on_progress`` gets steps done and in all: one step for every file, and one for every test pair. A file that cannot
    be read becomes a problem of the report; the rest is checked. Memory: 150 KB a picture, and one decoded picture.
    """
    steps = _Steps(len({pair.rgb for pair in (*train, *test)}) + len(test), on_progress)
    album = read_album((*train, *test), steps.advance)
    tested, trained = _by_digest(album, test), _by_digest(album, train)
    queries, targets = _pictures(album, test), _pictures(album, train)
    matches = []
    for query, target, (kind, evidence) in _related(queries, targets, _shortlists(queries, targets), steps):
        copies = product(tested[query.digest], trained[target.digest])
        matches += [Match(pair, other, kind, evidence) for pair, other in copies]
    steps.finish()
    return LeakReport(tuple(sorted(matches, key=lambda match: (match.test.id, match.train.id))), album.problems)


def group_scenes(pairs: Sequence[Pair], *, on_progress: Progress | None = None) -> dict[str, str]:
    """The id of each pair -> the first id, in sorted order, of the pairs that show the same scene.

    Pairs are linked as ``find_leaks`` links them, and a scene is what hangs together: its first and last picture need
    not share anything. A picture that cannot be read is a scene of its own. Memory and ``on_progress`` as there.
    """
    steps = _Steps(len({pair.rgb for pair in pairs}) + len(pairs), on_progress)
    album = read_album(pairs, steps.advance)
    pictures, sharing = _pictures(album, pairs), _by_digest(album, pairs)
    links = [(a.id, b.id) for same in sharing.values() for a, b in pairwise(same)]
    for query, target, _ in _related(pictures, pictures, _once(_shortlists(pictures, pictures)), steps):
        links.append((sharing[query.digest][0].id, sharing[target.digest][0].id))
    steps.finish()
    return components(sorted(pair.id for pair in pairs), links)


def _by_digest(album: Album, pairs: Sequence[Pair]) -> dict[bytes, list[Pair]]:
    """The pairs that share their pixels; without those that could not be read."""
    found: dict[bytes, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.rgb in album.pictures:
            found[album.pictures[pair.rgb].digest].append(pair)
    return found


def _pictures(album: Album, pairs: Sequence[Pair]) -> list[LeakPicture]:
    """One picture for each digest, in an order that does not depend on names: candidates depend on it a little."""
    pictures = {
        album.pictures[pair.rgb].digest: album.pictures[pair.rgb] for pair in pairs if pair.rgb in album.pictures
    }
    return [pictures[digest] for digest in sorted(pictures)]


def _shortlists(queries: Sequence[LeakPicture], targets: Sequence[LeakPicture]) -> list[set[int]]:
    """For each query, the numbers of the targets that it has to be compared with."""
    if not queries or not targets:
        return [set() for _ in queries]
    proposals = propose(queries, targets, MOST_CANDIDATES)
    bits = np.stack([target.impression.bits for target in targets])
    return [{*voted, *_close(query, bits)} for query, voted in zip(queries, proposals, strict=True)]


def _close(query: LeakPicture, bits: FloatArray) -> list[int]:
    distances = np.minimum(hash_distances(query.impression, bits), hash_distances(query.mirrored, bits))
    return [int(number) for number in np.flatnonzero(distances <= CLOSE_HASHES)]


def _once(shortlists: list[set[int]]) -> list[set[int]]:
    """Of a set compared with itself: every two pictures once, none with itself."""
    kept: list[set[int]] = [set() for _ in shortlists]
    for query, chosen in enumerate(shortlists):
        for target in chosen - {query}:
            kept[min(query, target)].add(max(query, target))
    return kept


def _related(
    queries: Sequence[LeakPicture], targets: Sequence[LeakPicture], shortlists: list[set[int]], steps: _Steps
) -> Iterator[tuple[LeakPicture, LeakPicture, Relation]]:
    for query, chosen in zip(queries, shortlists, strict=True):
        for target, found in relations(query, [targets[number] for number in sorted(chosen)]):
            yield query, target, found
        steps.advance()


class _Steps:
    """Counts for ``on_progress``."""

    def __init__(self, total: int, on_progress: Progress | None) -> None:
        self.done, self.total, self.on_progress = 0, total, on_progress

    def advance(self) -> None:
        self.done += 1
        if self.on_progress:
            self.on_progress(self.done, self.total)

    def finish(self) -> None:
        """Pairs that share a picture, and pictures that could not be read, were fewer steps than planned."""
        if self.done < self.total:
            self.done = self.total - 1
            self.advance()
