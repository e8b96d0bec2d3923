"""One rendered frame: colours and the exact annotation of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Frame:
    """What the renderer read back; row 0 is the top of the image.

    Colour is antialiased. All other maps hold the surface at the very centre of each pixel and are never blended.

    Attributes:
        colour: `(height, width, 3)` uint8 sRGB.
        semantic: `(height, width, 1)` uint8, 0 where no object is.
        instance: `(height, width, 1)` uint16, 0 where no object is.
        normal: `(height, width, 3)` float32 unit vectors in camera axes; 0, 0, 0 where no object is.
        depth: `(height, width, 1)` float32 metres along the optical axis; infinite where no object is.
    """

    colour: np.ndarray
    semantic: np.ndarray
    instance: np.ndarray
    normal: np.ndarray
    depth: np.ndarray
