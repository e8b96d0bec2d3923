"""Where the data of each study come from."""

from __future__ import annotations

from training.study.classification_data import ClassificationSource
from training.study.data import StudySource
from training.study.domains import Domains, SegmentationDomains, StreetDomains, ToyDomains
from training.study.points_data import PointsSource
from training.study.segmentation_data import SegmentationSource
from training.study.street_data import StreetSource


def open_source(domains: Domains) -> StudySource:
    """The data of a study, opened and checked.

    Raises:
        UsageError: there is no data set, or it does not suit the study.
    """
    if isinstance(domains, StreetDomains):
        return StreetSource(domains)
    if isinstance(domains, SegmentationDomains):
        return SegmentationSource(domains)
    return PointsSource(domains) if isinstance(domains, ToyDomains) else ClassificationSource(domains)
