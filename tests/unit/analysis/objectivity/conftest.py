"""Small regions for the tests of objectivity; made once."""

import pandas as pd
import pytest

from oko_pipeline.analysis.objectivity.measures import CampaignMeasures
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, objectivity_options
from oko_pipeline.analysis.objectivity.signals import judge_year
from oko_pipeline.sample.region import Region, RegionOptions, simulate_region
from tests.unit.analysis.objectivity.regions import PAPERS, YEAR, measure_region, year_signals


@pytest.fixture(scope="session")
def options() -> ObjectivityOptions:
    return objectivity_options()


@pytest.fixture(scope="session")
def region() -> Region:
    return simulate_region(RegionOptions(seed=11, schools=300, papers=PAPERS, school_years=(YEAR,)))


@pytest.fixture(scope="session")
def measured(region: Region, options: ObjectivityOptions) -> CampaignMeasures:
    return measure_region(region, options)


@pytest.fixture(scope="session")
def judged(region: Region, measured: CampaignMeasures, options: ObjectivityOptions) -> pd.DataFrame:
    return judge_year(measured.raw, year_signals(region), options)
