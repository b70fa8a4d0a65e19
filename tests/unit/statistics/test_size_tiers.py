import pytest

from oko_pipeline.catalogue.columns import SIZE_TIERS
from oko_pipeline.statistics.size_tiers import size_tier, tier_places


@pytest.mark.parametrize(
    ("count", "tier"),
    [
        (0, "lt5"),
        (4, "lt5"),
        (5, "lt10"),
        (9, "lt10"),
        (10, "lt20"),
        (19, "lt20"),
        (20, "lt50"),
        (49, "lt50"),
        (50, "ge50"),
        (25_000, "ge50"),
    ],
)
def test_a_bound_belongs_to_the_tier_above_it(count, tier):
    assert size_tier(count) == tier


def test_bounds_of_an_installation_move_the_tiers():
    assert [SIZE_TIERS[place] for place in tier_places([2, 3, 14, 99], (3, 10, 15, 100))] == [
        "lt5",
        "lt10",
        "lt20",
        "lt50",
    ]
