import pytest
from hypothesis import given
from hypothesis import strategies as st

from oko_pipeline.collection.aggregates import decimals_printed, recover_counts, settle_regions, unit_of


@given(
    counts=st.lists(st.integers(0, 4000), min_size=1, max_size=12).filter(lambda counts: sum(counts) > 0),
    scale=st.sampled_from([1, 1, 1, 500]),
)
def test_recovered_counts_sum_to_n_and_reproduce_the_percentages(counts, scale):
    counts = [count * scale for count in counts]
    total = sum(counts)
    percents = [round(100 * count / total, 2) for count in counts]
    recovered = recover_counts(percents, total)
    assert recovered is not None
    assert sum(recovered) == total
    assert all(abs(100 * c / total - p) <= 0.005 + 1e-6 for c, p in zip(recovered, percents, strict=True))


@given(counts=st.lists(st.integers(0, 600), min_size=2, max_size=5).filter(lambda counts: sum(counts) > 0))
def test_small_groups_get_back_the_very_counts(counts):
    total = sum(counts)
    assert recover_counts([round(100 * count / total, 2) for count in counts], total) == counts


@pytest.mark.parametrize(
    ("percents", "total"),
    [([50.0, 25.0], 4), ([15.0, 30.0, 35.0, 20.0], 10), ([60.0, 60.0], 5), ([33.3, 66.7], 3)],
    ids=["75 %", "not multiples of 1/n", "120 %", "one decimal"],
)
def test_what_no_counts_give_is_not_guessed(percents, total):
    assert recover_counts(percents, total) is None


def test_one_printed_decimal_is_enough_when_the_table_has_one():
    assert recover_counts([33.3, 66.7], 3, decimals=1) == [1, 2]


def test_what_coarse_shares_leave_open_goes_to_the_largest_remainder():
    assert recover_counts([33.0, 34.0, 33.0], 250, decimals=0) == [83, 85, 82]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([5, 30.0], 0), (["5,1", 30.25], 2), ([100 / 3], 2), (["5,10 %"], 1), ([], 0)],
)
def test_printed_decimals(values, expected):
    assert decimals_printed(values) == expected


@pytest.mark.parametrize(
    ("label", "level", "code"),
    [
        ("Вся выборка", "country", "RU"),
        ("Bся выборка", "country", "RU"),
        ("город Озёрск(reg99_m101)", "municipality", "reg99_m101"),
        ("reg99_m101 | город Озёрск", "municipality", "reg99_m101"),
        ("reg990000 | Учебный край", "region", "99"),
        ("Учебный край", "region", None),
        ("МБОУ СОШ № 4 (EDU990404)", "school", "edu990404"),
        ("МБОУ СОШ № 4(sch990404)", "school", "edu990404"),
        ("Школа-интернат(ksh990404)", "school", "ksh990404"),
        ("МБОУ СОШ № 4", "other", None),
    ],
)
def test_units(label, level, code):
    unit = unit_of(label)
    assert (unit.level, unit.code) == (level, code)


def test_the_region_is_the_first_bare_name_and_takes_the_code_of_its_schools():
    units = settle_regions(["Вся выборка", "Чеченская Республика", "г. Аргун(reg20_m012)", "СОШ без логина"])
    assert (units["Чеченская Республика"].level, units["Чеченская Республика"].code) == ("region", "20")
    assert units["СОШ без логина"].level == "other"


def test_schools_of_two_regions_give_the_region_no_code():
    units = settle_regions(["Край", "A(edu990001)", "B(edu880001)"])
    assert units["Край"].code is None
