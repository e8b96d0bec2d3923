"""Models from files: reading, repairing and normalising them, levels of detail, catalogues of what they are."""
