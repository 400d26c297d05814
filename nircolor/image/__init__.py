"""Pictures on disk <-> float arrays with their metadata. Knows nothing of models, never imports torch."""

import logging

from nircolor.image.decode import LIBRARIES
from nircolor.image.info import ImageInfo, NirImage
from nircolor.image.metadata.kept import Metadata, PngText
from nircolor.image.plan import OutputPlan, default_output, losses, plan_output
from nircolor.image.read import read_nir
from nircolor.image.read_rgb import RgbImage, read_rgb
from nircolor.image.tiff.page_list import Page, PageList, list_pages
from nircolor.image.tone.stretch import Stretch
from nircolor.image.windows import NirWindows, open_nir
from nircolor.image.write import write_pieces, write_rgb

# these log each oddity of a file; where nobody listens Python would print that beside our one clear line
for _library in LIBRARIES:
    logging.getLogger(_library).addHandler(logging.NullHandler())

__all__ = [
    "ImageInfo",
    "Metadata",
    "NirImage",
    "NirWindows",
    "OutputPlan",
    "Page",
    "PageList",
    "PngText",
    "RgbImage",
    "Stretch",
    "default_output",
    "list_pages",
    "losses",
    "open_nir",
    "plan_output",
    "read_nir",
    "read_rgb",
    "write_pieces",
    "write_rgb",
]
