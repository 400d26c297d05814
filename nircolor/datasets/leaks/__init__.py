"""Which test pictures has training seen? Identical, near-identical and same-scene pictures of two sets of pairs.

Three questions, cheap ones first (``check.py`` asks them):

    identical        equal decoded pixels                                           digest in ``picture.py``
    near-identical   close perceptual hashes, confirmed by correlation              ``hashing.py``
    same scene       a dozen SIFT features that agree on one similarity transform   ``features.py``, ``geometry.py``

Features are compared in full only for the few training pictures that an inverted file of descriptors proposes
(``candidates.py``). All of it is deterministic and independent of the order of the pairs.
"""

from __future__ import annotations

from nircolor.datasets.leaks.check import find_leaks, group_scenes
from nircolor.datasets.leaks.report import Evidence, Kind, LeakReport, Match
from nircolor.datasets.leaks.table import write_csv

__all__ = ["Evidence", "Kind", "LeakReport", "Match", "find_leaks", "group_scenes", "write_csv"]
