"""Data sets of NIR/RGB pairs on disk. Knows nothing of models; never imports torch."""

from __future__ import annotations

from nircolor.datasets.open import LAYOUTS, open_dataset
from nircolor.datasets.pair import Dataset, Pair, Problem
from nircolor.datasets.predictions import match_predictions

__all__ = ["LAYOUTS", "Dataset", "Pair", "Problem", "match_predictions", "open_dataset"]
