"""One thumbnail in the page: the JPEG itself, inside a button that opens it large."""

from __future__ import annotations

import base64

from nircolor.evaluation.report.strips import Thumbnail

_TINY = 64  # pixels of the longer side, below which a picture is drawn with its pixels as squares


def figure(thumbnail: Thumbnail | None, role: str, caption: str, alt: str, absent: str = "") -> str:
    """``role`` tells the script what it is: nir, truth, p0 (prediction of the first method), e0 (its error map).

    ``caption`` and ``alt`` are HTML already; ``absent`` stands in the place of a picture that is not there.
    """
    under = f"<figcaption>{caption}</figcaption>"
    if thumbnail is None:
        return f'<figure><div class="absent">{absent}</div>{under}</figure>'
    data = base64.b64encode(thumbnail.path.read_bytes()).decode("ascii")
    tiny = ' class="tiny"' if max(thumbnail.width, thumbnail.height) < _TINY else ""
    image = (
        f'<img{tiny} width="{thumbnail.width}" height="{thumbnail.height}" alt="{alt}" decoding="async" '
        f'src="data:image/jpeg;base64,{data}">'
    )
    return f'<figure><button type="button" data-role="{role}">{image}</button>{under}</figure>'
