"""TensorFlow's first seconds, without what its native code prints of processors and missing GPUs."""

from __future__ import annotations

import os
import sys


def start_quietly() -> None:
    """Load TensorFlow and let it look at the machine while standard error is turned away; errors still raise."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow as tf

        tf.constant(0.0) + 1.0  # the first operation asks for GPUs
        next(iter(tf.data.TFRecordDataset([]).batch(1)), None)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
