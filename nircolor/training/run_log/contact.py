"""The pictures of one validation on one sheet: a row a pair, near-infrared | prediction | truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nircolor.training.events import Pixels, ValidationPicture
from nircolor.written import visible

HEADINGS = ("near-infrared", "prediction", "truth")
_GAP, _LINE, _FONT = 8, 22, 14  # pixels between cells; of a line of text; of the letters
_NARROWEST = 112  # the widest heading
_PAPER, _INK = (255, 255, 255), (26, 26, 26)


def contact_sheet(pictures: Sequence[ValidationPicture]) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB: headings once, then for each picture its id and its three cells, pixel for pixel."""
    width = max(_NARROWEST, *(picture.truth.shape[1] for picture in pictures)) + _GAP
    height = _GAP + _LINE + sum(_LINE + picture.truth.shape[0] + _GAP for picture in pictures)
    sheet = Image.new("RGB", (_GAP + 3 * width, height), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT)
    for column, heading in enumerate(HEADINGS):
        draw.text((_GAP + column * width, _GAP), heading, _INK, font, stroke_width=0.4)
    top = _GAP + _LINE
    for picture in pictures:
        draw.text((_GAP, top), _fitted(visible(picture.id), font, 3 * width - _GAP), _INK, font)
        for column, cell in enumerate((picture.nir, picture.prediction, picture.truth)):
            sheet.paste(_image(cell), (_GAP + column * width, top + _LINE))
        top += _LINE + picture.truth.shape[0] + _GAP
    return np.asarray(sheet)


def _image(cell: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(cell)).convert("RGB")


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The end of a text that is too wide: ids of one folder differ there."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"\N{HORIZONTAL ELLIPSIS}{text}") > width:
        text = text[1:]
    return f"\N{HORIZONTAL ELLIPSIS}{text}"
