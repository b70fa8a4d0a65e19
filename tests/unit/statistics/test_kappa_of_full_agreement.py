"""Kappa where raters agree in everything: one, with no room for doubt, whatever rounding does to its variance."""

import numpy as np
import pytest

from oko_pipeline.statistics.agreement import weighted_kappa


@pytest.mark.parametrize("counts", [(3, 2, 2), (1, 1), (4, 1, 3, 2), (10, 7, 5, 3, 1)])
def test_full_agreement_is_one_and_its_interval_is_one(counts):
    found = weighted_kappa(np.diag(counts))
    assert (found.estimate, found.low, found.high) == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)
