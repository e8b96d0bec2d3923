"""Features of both domains in the plane, for the report's pictures."""

from __future__ import annotations

import numpy as np

_PERPLEXITY = 30.0


def principal_components(rows: np.ndarray) -> np.ndarray:
    """`(n, 2)`: the two directions of greatest variance; the sign is fixed by the largest entry of each direction."""
    centred = rows - rows.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]
    signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])
    return np.asarray(centred @ (directions * signs[:, None]).T)


def neighbours(rows: np.ndarray, seed: int = 0) -> np.ndarray:
    """`(n, 2)` by t-SNE (van der Maaten and Hinton, JMLR 2008), begun at the principal components."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    start = principal_components(rows)
    start = 1e-4 * start / max(float(start[:, 0].std()), 1e-12)
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    embedding = TSNE(2, perplexity=perplexity, init=start.astype(np.float32), random_state=seed, n_jobs=1)
    # One thread gives the same sums in every run; where few of many processors may be used, many wait for each other.
    with threadpool_limits(1):
        return np.asarray(embedding.fit_transform(rows.astype(np.float32)), np.float64)
