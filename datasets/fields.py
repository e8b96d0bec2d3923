"""The fields table: everything that one labelled image can carry, and how each is named and stored.

Reader, writer, checks, the description for TensorFlow Datasets and the training input all follow this one table.
Feature names are those that users of TensorFlow Datasets know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["raster", "class", "text", "tensor", "sequence"]


@dataclass(frozen=True)
class Field:
    """One thing a sample can carry.

    Attributes:
        path: the attribute of `Sample`, dotted for those inside `objects` and `camera`.
        feature: its name in the stored record.
        kind: `raster` is an encoded image; `class` one class index; `text` UTF-8; `tensor` numbers of fixed shape;
            `sequence` one row of numbers for each object.
        dtypes: the number types allowed.
        shape: of a raster the channel counts allowed, of a tensor its shape, of a sequence the shape of one row.
        about: meaning, unit, range.
    """

    path: str
    feature: str
    kind: Kind
    dtypes: tuple[str, ...]
    shape: tuple[int, ...]
    about: str


_TABLE = (
    Field("key", "id", "text", (), (), "unique within the data set; the same for the same source item for ever"),
    Field("file_name", "file_name", "text", (), (), "the source image, relative to the source's root; a frame's name"),
    Field("image", "image", "raster", ("uint8",), (1, 3), "colours in R, G, B order, or grey"),
    Field("semantic", "segmentation_label", "raster", ("uint8",), (1,), "class id of each pixel in its label space"),
    Field("instance", "instance_label", "raster", ("uint16", "uint32"), (1,),
          "object of each pixel; 0 belongs to no object; ids of 32 bits are stored as their four bytes, lowest first"),
    Field("depth", "depth", "raster", ("float32",), (1,), "metres along the optical axis; infinite without a surface"),
    Field("normal", "normal", "raster", ("uint16",), (3,), "camera-space unit normal n as round(32767 n) + 32768; "
          "0, 0, 0 without a surface"),
    Field("object_coordinates", "object_coordinates", "raster", ("uint16",), (3,),
          "place c in the object's box, 0 to 1 along its axes, as round(65534 c) + 1; 0, 0, 0 without an object"),
    Field("optical_flow", "optical_flow", "raster", ("uint16",), (3,), "movement (right, down) to the next frame in "
          "pixels as round(64 f) + 32768, and 1; 0, 0, 0 where unknown (KITTI's form)"),
    Field("amodal", "amodal", "text", (), (), "JSON list: a row of objects each, its whole silhouette, hidden pixels "
          "included, as COCO's uncompressed run lengths {size, counts}"),
    Field("label", "label", "class", ("int64",), (), "class of the whole image"),
    Field("species", "species", "class", ("int64",), (), "coarse class of the whole image"),
    Field("objects.bbox", "objects/bbox", "sequence", ("float32",), (4,),
          "ymin, xmin, ymax, xmax as shares of the image height and width"),
    Field("objects.label", "objects/label", "sequence", ("int64",), (), "class index of each object"),
    Field("objects.instance", "objects/instance", "sequence", ("int64",), (), "its id in the instance map"),
    Field("objects.amodal_bbox", "objects/amodal_bbox", "sequence", ("float32",), (4,),
          "box of the whole silhouette within the frame, as bbox"),
    Field("objects.visible_fraction", "objects/visible_fraction", "sequence", ("float32",), (),
          "share of the whole silhouette's pixels that are seen, 0 to 1"),
    Field("objects.box_3d", "objects/box_3d", "sequence", ("float32",), (6,),
          "centre and extent of the oriented box along the object's axes, metres, in those axes"),
    Field("objects.pose", "objects/pose", "sequence", ("float32",), (4, 4),
          "rigid transform from the object's axes to the camera axes, metres"),
    Field("objects.keypoints", "objects/keypoints", "sequence", ("float32",), (9, 3),
          "u, v in pixels and metres along the optical axis of the oriented box's centre and its eight corners, "
          "low before high in x, then y, then z; NaN where not in front of the camera"),
    Field("camera.intrinsics", "camera/intrinsics", "tensor", ("float32",), (3, 3),
          "pixel = K @ (x, y, z) / z; camera axes x right, y down, z forward; the first pixel is centred at (.5, .5)"),
    Field("camera.world_to_camera", "camera/world_to_camera", "tensor", ("float32",), (4, 4),
          "rigid transform from world to the camera axes above, metres"),
    Field("camera.distortion", "camera/distortion", "tensor", ("float32",), (2,),
          "k1, k2 of radial lens distortion as in OpenCV; labels and image are distorted alike"),
    Field("disparity", "disparity", "raster", ("uint16",), (1,), "of a rectified stereo pair, coded as its set does; "
          "0: not measured"),
    Field("calibration", "calibration", "text", (), (), "JSON of the camera as the set gives it"),
    Field("vehicle", "vehicle", "text", (), (), "JSON of the vehicle's motion and place as the set gives it"),
    Field("scene", "scene", "text", (), (), "JSON of the scene that was rendered; renders the same frame again"),
)  # fmt: skip

FIELDS: dict[str, Field] = {field.path: field for field in _TABLE}
"""The table by path."""
