"""A dream's record describes its photographs, and does not contain folders."""

import numpy as np

from filter_atlas.dream.record import PhotographRecord
from filter_atlas.readers.photograph import Photograph


def test_a_photograph_is_recorded_by_name_digest_and_both_sizes() -> None:
    photograph = Photograph("fox.jpg", "f" * 64, (4000, 3000), np.zeros((48, 64, 3), np.uint8))

    assert PhotographRecord.from_photograph(photograph) == PhotographRecord(
        name="fox.jpg", digest="f" * 64, taken=(4000, 3000), used=(64, 48)
    )
