"""An optional visible mark that says an image was made, not taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from seal2real.seals.fonts import font_file

__all__ = ["MARK_TEXT", "with_mark"]

MARK_TEXT = "SYNTHETIC · seal2real"
# Height of the letters and their distance from the corner, in shares of the image's short side.
_HEIGHT_SHARE = 0.03
_INK = (120, 120, 120)
_PAPER = (255, 255, 255)


def with_mark(
    image: NDArray[np.uint8],  # [H, W, 3]
) -> NDArray[np.uint8]:  # [H, W, 3]
    """Return a copy of the RGB ``image`` with :data:`MARK_TEXT` in its lower left corner.

    Data sets made with it record ``visible_mark`` in their recipe, and trainers refuse them: a
    classifier would learn the mark.
    """
    size = max(8, round(_HEIGHT_SHARE * min(image.shape[:2])))
    path, index = font_file("hei")
    font = ImageFont.truetype(str(path), size, index=index, layout_engine=ImageFont.Layout.BASIC)
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    corner = (size, picture.height - size)
    box = pen.textbbox(corner, MARK_TEXT, font=font, anchor="ls")
    pen.rectangle((box[0] - 3, box[1] - 3, box[2] + 3, box[3] + 3), fill=_PAPER, outline=_INK)
    pen.text(corner, MARK_TEXT, fill=_INK, font=font, anchor="ls")
    return np.array(picture)
