"""Deep embedded validation: the target's risk from labelled source images (You et al., ICML 2019)."""

from __future__ import annotations

import numpy as np

_MOST_RATIO = 1e3


def deep_embedded_risk(source: np.ndarray, target: np.ndarray, losses: np.ndarray, seed: int = 0) -> float:
    """Mean of source losses weighted by the density ratio of features, with the control variate of the paper.

    Args:
        source: `(n, channels)` features of held-out source images.
        target: `(m, channels)` features of target images, which have no labels.
        losses: `(n,)` losses of the source images.
        seed: of the classifier's split.
    """
    weights = density_ratios(source, target, seed)
    weighted = weights * losses
    spread = float(weights.var())
    if spread == 0:
        return float(weighted.mean())
    slope = -float(np.mean((weighted - weighted.mean()) * (weights - weights.mean()))) / spread
    return float(weighted.mean() + slope * weights.mean() - slope)


def density_ratios(source: np.ndarray, target: np.ndarray, seed: int = 0) -> np.ndarray:
    """`(n,)` how much more often the target has features like those of each source image.

    From the odds of a logistic regression that tells the domains apart, times n / m.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.concatenate([source, target]).astype(np.float64)
    domains = np.repeat([0, 1], [len(source), len(target)])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200, random_state=seed))
    with np.errstate(all="ignore"):
        odds = np.exp(np.clip(classifier.fit(rows, domains).decision_function(source), -50, 50))
    return np.asarray(np.minimum(odds * len(source) / len(target), _MOST_RATIO))
