"""The classes of street scenes: ids of the label space `cityscapes_ids`."""

from __future__ import annotations

from datasets.label_tables import CITYSCAPES_LABELS

LABEL_SPACE = "cityscapes_ids"
"""The label space of everything in a street; `datasets.label_lookups` leads from it to all others."""

IDS: dict[str, int] = {row.name: row.id for row in CITYSCAPES_LABELS if row.id > 0}
"""Ids by name."""

COUNTABLE = ("person", "rider", "car", "truck", "bus", "motorcycle", "bicycle")
"""Classes whose members are told apart, as in Cityscapes."""

INSTANCES_A_CLASS = 1000
"""Instance ids are the class times this and a number counted from 0 (cityscapesscripts, instanceIds)."""
