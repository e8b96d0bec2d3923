"""The order in which a domain's images are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from training.adaptation.task import Images


@dataclass(frozen=True, eq=False)
class Batches:
    """An endless stream of batches from one domain, each pass in a fresh order.

    Attributes:
        images: what is drawn from.
        domain: the domain's number.
        size: images a batch.
        seed: two streams with one seed are the same.
    """

    images: Images
    domain: int
    size: int
    seed: int

    def indices(self, skip: int = 0) -> Iterator[np.ndarray]:
        """`(size,)` int32 places in `images`; every image comes once before any comes again.

        Args:
            skip: batches to leave out at the beginning: those that an interrupted run has seen.
        """
        return itertools.islice(self._draw(), skip, None)

    def _draw(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng((self.seed, self.domain))
        queue = np.empty(0, np.int32)
        while True:
            while len(queue) < self.size:
                queue = np.concatenate([queue, rng.permutation(len(self.images)).astype(np.int32)])
            yield queue[: self.size]
            queue = queue[self.size :]
