"""What a camera's own pairs say of finished weights: a tone curve, chroma and tint, kept in the file of the weights.

With l the luma of a coded colour, d what sets the colour apart from it, and b = l (1 - l), which is 0 at both ends:

    colour = l + tone_1 b + tone_2 b (1 - 2 l) + chroma d + tint b

The tone curve rises everywhere, and black, white and the order of greys stay. The formula is linear in its numbers, so
that the best ones for some pairs are a small system of equations (``calibrating/fit.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nircolor.correction import LUMA, luma_of
from nircolor.errors import WeightsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

META = "camera"
"""Its key in the metadata of weights."""
LEAST_SLOPE = 0.1  # of the tone curve, anywhere
MOST = 4.0  # of any number: what no camera needs
_STEPS = 64


@dataclass(frozen=True)
class Camera:
    """The defaults change nothing. tone: factors of b and of b (1 - 2 l). tint: red and blue; green keeps the luma."""

    tone: tuple[float, float] = (0.0, 0.0)
    chroma: float = 1.0
    tint: tuple[float, float] = (0.0, 0.0)

    @property
    def slope(self) -> float:
        """The least of the tone curve, whose derivative is 1 + steepness."""
        return 1 + min(steepness(self.tone))

    def apply(self, rgb: Floats) -> Floats:
        """(..., 3) sRGB-coded in [0, 1], the same of it; ``rgb`` itself where nothing changes."""
        if self == Camera():
            return rgb
        import numpy as np

        luma = luma_of(rgb)
        b = luma * (1 - luma)
        red, blue = self.tint
        green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
        tone = luma + b * (self.tone[0] + self.tone[1] * (1 - 2 * luma))
        made = tone + self.chroma * (rgb - luma) + b * np.array([red, green, blue], np.float32)
        clipped: Floats = made.clip(0, 1)
        return clipped

    def to_meta(self) -> dict[str, object]:
        """JSON values."""
        return asdict(self)

    @classmethod
    def from_meta(cls, meta: Mapping[str, object], path: Path) -> Camera:
        """That of a weights file, the default where it has none. Raises WeightsError for what is none."""
        found = meta.get(META)
        if found is None:
            return cls()
        try:
            (one, two), (red, blue) = found["tone"], found["tint"]  # type: ignore[index]
            numbers = [float(value) for value in (one, two, found["chroma"], red, blue)]  # type: ignore[index]
        except (KeyError, TypeError, ValueError) as error:
            raise _refused(path, "it needs tone (2 numbers), chroma and tint (2 numbers)") from error
        if not all(math.isfinite(value) and abs(value) <= MOST for value in numbers) or numbers[2] < 0:
            raise _refused(path, f"a number of it is not within {MOST:g}")
        camera = cls((numbers[0], numbers[1]), numbers[2], (numbers[3], numbers[4]))
        if camera.slope < 0:
            raise _refused(path, "its tone curve falls")
        return camera


def steepness(tone: tuple[float, float]) -> list[float]:
    """How much the tone curve rises beyond 1, from black to white: linear in ``tone``."""
    at = [step / _STEPS for step in range(_STEPS + 1)]
    return [tone[0] * (1 - 2 * x) + tone[1] * (1 - 6 * x + 6 * x * x) for x in at]


def _refused(path: Path, reason: str) -> WeightsError:
    return WeightsError(f"its metadata {META!r} are no correction: {reason}", path=path, remedy="calibrate it again")
