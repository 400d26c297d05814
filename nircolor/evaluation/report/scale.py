"""The legend of the error maps: what they show, and which colour is how much."""

from __future__ import annotations

import numpy as np

from nircolor.evaluation.report.errormap import FULL, colours

_WIDTH, _STOPS, _TICK = 300, 16, 5


def scale() -> str:
    """A figure: a colour bar with ticks, and the measure in a sentence."""
    ticks = "".join(_tick(value) for value in range(0, int(FULL) + 1, _TICK))
    return (
        '<figure class="scale"><svg viewBox="-12 0 330 34" role="img" '
        f'aria-label="Colours of the error maps, from black at 0 to pale yellow at {FULL:.0f} and more">'
        f'<defs><linearGradient id="scale">{"".join(_stops())}</linearGradient></defs>'
        f'<rect width="{_WIDTH}" height="14" fill="url(#scale)"/>{ticks}</svg>'
        "<figcaption>Error maps: colour difference CIEDE2000 (ΔE<sub>00</sub>, no unit) of each pixel of prediction "
        "and truth, both sRGB clipped to [0, 1], whatever the protocol; computed at full size, then averaged over "
        "areas. "
        f"The scale is the same for all pictures and methods; differences of {FULL:.0f} and more have the last "
        "colour.</figcaption></figure>"
    )


def _stops() -> list[str]:
    positions = np.linspace(0, 1, _STOPS, dtype=np.float32)
    rgb = colours((positions * np.float32(FULL))[None])[0]
    return [
        f'<stop offset="{position:.4f}" stop-color="#{r:02x}{g:02x}{b:02x}"/>'
        for position, (r, g, b) in zip(positions, rgb, strict=True)
    ]


def _tick(value: int) -> str:
    x = value / FULL * _WIDTH
    more = "+" if value == FULL else ""
    return f'<path class="axis" d="M{x:.1f} 14v4"/><text x="{x:.1f}" y="30" class="middle">{value}{more}</text>'
