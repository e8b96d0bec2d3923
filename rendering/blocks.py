"""What shaders are told of the frame and of each object: numpy twins of the uniform blocks in `shaders/blocks.glsl`.

Both follow the layout std140 (OpenGL 3.3, section 2.11.4) with rows of four floats, so the arrays are uploaded as is.
"""

from __future__ import annotations

import numpy as np

from rendering.lights import MAX_POINT_LIGHTS

OBJECT_BLOCK = np.dtype(
    [
        ("model_to_camera", "f4", (3, 4)),
        ("normal_to_camera", "f4", (3, 4)),
        ("camera_to_coordinates", "f4", (3, 4)),
        ("camera_to_next_camera", "f4", (3, 4)),
        ("base_colour", "f4", 3),
        ("alpha_cutoff", "f4"),
        ("emissive", "f4", 3),
        ("spare_1", "f4"),
        ("roughness", "f4"),
        ("metallic", "f4"),
        ("is_object", "u4"),
        ("spare_2", "u4"),
        ("number", "u4"),
        ("amodal_bit", "u4"),
        ("semantic", "u4"),
        ("instance", "u4"),
    ]
)
"""One object: 256 bytes, the strictest alignment that a driver may ask for, or 16 texels of four numbers."""

FRAME_BLOCK = np.dtype(
    [
        ("camera_to_clip", "f4", (4, 4)),
        ("camera_to_shadow", "f4", (4, 4)),
        ("camera_to_environment", "f4", (3, 4)),
        ("next_intrinsics", "f4", (3, 4)),
        ("pixel_to_ray", "f4", (3, 4)),
        ("irradiance", "f4", (9, 4)),
        ("lamp_position", "f4", (MAX_POINT_LIGHTS, 4)),
        ("lamp_colour", "f4", (MAX_POINT_LIGHTS, 4)),
        ("sun_direction", "f4", 4),
        ("sun_colour", "f4", 4),
        ("up", "f4", 4),
        ("sky_colour", "f4", 4),
        ("ground_colour", "f4", 4),
        ("gains", "f4", 4),
        ("shadow", "f4", 4),
        ("grade", "f4", 4),
        ("fog", "f4", 4),
    ]
)
"""One frame."""
