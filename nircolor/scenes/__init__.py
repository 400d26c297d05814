"""Landscapes rendered from a seed: an exact pair of a near-infrared and a colour picture, for tests, docs, first steps.

No photograph is involved and nothing is learnt: materials have spectra, light comes from the sun and the sky, a camera
with four bands looks at them. ``python -m nircolor.scenes OUT_nir.png`` writes one to a file. numpy only, never torch.
"""

from __future__ import annotations

from nircolor.scenes.camera import quantise
from nircolor.scenes.render import KINDS, Scene, render

__all__ = ["KINDS", "Scene", "quantise", "render"]
