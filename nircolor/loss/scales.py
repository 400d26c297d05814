"""The constants of multi-scale structural similarity (Wang, Simoncelli and Bovik 2003), for the loss and the metric.

Nothing here imports torch: metrics of files need none.
"""

from __future__ import annotations

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # for values in [0, 1]


def scale_count(height: int, width: int) -> int:
    """How many scales a picture has, 1 to 5: as many as hold a whole window."""
    side = min(height, width)
    return max(1, sum(side >> index >= WINDOW for index in range(len(SCALE_WEIGHTS))))
