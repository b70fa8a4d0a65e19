"""A guard reads the works that changed and those with faults, and says the same as one that reads the whole table."""

from dataclasses import replace

import pandas as pd
import pytest

from assets.inputs import record_slices
from checks.slice_guards import SliceGuard, Verdict, judge_slices
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.unit.validation.rooms import YEAR, row_of

TABLE = all_tables()["score_distribution"]
WORKS = [f"vpr-2021-spring:{grade}:mathematics:base" for grade in range(1, 12)]


@pytest.fixture
def office(tmp_path):
    office = open_workplace(Settings.load(home=tmp_path, workers=1))
    put(office, dict.fromkeys(WORKS, 0.5))
    yield office
    office.close()


def put(office, shares, inputs="first"):
    for work, share in shares.items():
        rows = [row_of(TABLE, assessment_id=work, unit_code="all", score=score, share=share) for score in (0, 1)]
        frame = TABLE.conform(pd.DataFrame(rows))
        office.database.replace(TABLE, frame, {"school_year": YEAR, "assessment_id": work})
        record_slices(office, YEAR, TABLE.name, {work: (inputs, len(frame))})


class Judge:
    """Counts rows and shares above one; remembers which works it was shown."""

    def __init__(self):
        self.seen = []

    def __call__(self, frame):
        self.seen += sorted(frame["assessment_id"].unique())
        wrong = frame.loc[frame["share"] > 1, "assessment_id"].unique()
        return {
            "rows": Verdict(len(frame)),
            "shares": Verdict(len(frame), len(wrong), tuple(f"много: {work}" for work in wrong[:3])),
        }


def guard(judge, version="1"):
    return SliceGuard("shares_possible", TABLE, version, ("rows", "shares"), judge, ("assessment_id", "share"))


def whole(office):
    apart = replace(TABLE, slice_by=("school_year",))
    return judge_slices(office, YEAR, replace(guard(Judge()), table=apart))


def test_clean_works_are_not_read_again(office):
    first, second, third = Judge(), Judge(), Judge()
    wanted = judge_slices(office, YEAR, guard(first))
    assert sorted(first.seen) == sorted(WORKS)
    assert wanted == whole(office)
    assert judge_slices(office, YEAR, guard(second)) == wanted
    assert second.seen == []
    put(office, {WORKS[3]: 0.25}, inputs="second")
    assert judge_slices(office, YEAR, guard(third)) == wanted
    assert third.seen == [WORKS[3]]


def test_a_work_with_faults_is_told_each_time_until_it_is_mended(office):
    judge_slices(office, YEAR, guard(Judge()))
    put(office, {WORKS[5]: 1.5}, inputs="second")
    for _ in range(2):
        judge = Judge()
        found = judge_slices(office, YEAR, guard(judge))
        assert judge.seen == [WORKS[5]]
        assert found["shares"].faults_count == 1
        assert found["shares"].notes == (f"много: {WORKS[5]}",)
        assert found == whole(office)
    put(office, {WORKS[5]: 0.5}, inputs="third")
    assert judge_slices(office, YEAR, guard(Judge()))["shares"].faults_count == 0
    judge = Judge()
    judge_slices(office, YEAR, guard(judge))
    assert judge.seen == []


def test_other_rules_judge_all_works_anew_and_a_work_that_is_gone_counts_no_more(office):
    judge_slices(office, YEAR, guard(Judge()))
    judge = Judge()
    judge_slices(office, YEAR, guard(judge, version="2"))
    assert set(judge.seen) == set(WORKS)
    office.database.replace(TABLE, TABLE.empty(), {"school_year": YEAR, "assessment_id": WORKS[0]})
    record_slices(office, YEAR, TABLE.name, {}, removed=[WORKS[0]])
    judge = Judge()
    found = judge_slices(office, YEAR, guard(judge, version="2"))
    assert judge.seen == []
    assert found == whole(office)
    assert WORKS[0] not in office.database.slice_inputs(YEAR, guard(judge).kept_as("rows"))


def test_a_table_without_works_is_judged_as_a_whole_and_an_empty_one_is_clean(office):
    judge = Judge()
    frame = TABLE.empty()
    office.database.replace(TABLE, frame, {"school_year": YEAR})
    record_slices(office, YEAR, TABLE.name, {}, removed=WORKS)
    assert judge_slices(office, YEAR, guard(judge)) == {"rows": Verdict(), "shares": Verdict()}


def test_verdicts_add_up_and_name_the_first_faults():
    several = sum((Verdict(2, 1, (f"{number}",)) for number in range(5)), Verdict())
    assert several == Verdict(10, 5, ("0", "1", "2"))
