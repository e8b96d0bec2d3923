"""From dataset directories to batches: records by number, decoding, augmentation, and the order of everything."""
