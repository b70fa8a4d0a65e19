"""Who needs help: persistent, single, prone; counts by school; what is not known stays unknown."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.support.options import support_options
from oko_pipeline.analysis.support.pupils import SupportWork, pupils_support, school_annex
from oko_pipeline.catalogue.tables_items import PUPILS_SUPPORT, SUPPORT_COUNTS
from oko_pipeline.errors import CatalogueError

CAMPAIGN = "vpr-2021-spring"
OPTIONS = support_options("2020-2021")
SUBJECTS = ("mathematics", "russian", "world_around", "history")


def work(number, scores, minimum=10, error=2.0, marks=None, **columns):
    """A work of 20 points; `scores` maps a pupil to a score (None — absent)."""
    count = len(scores)
    rows = pd.DataFrame(
        {
            "pupil_id": pd.array(list(scores), dtype="str"),
            "school_code": pd.array(["edu990001"] * count, dtype="str"),
            "class_label": pd.array(["а"] * count, dtype="str"),
            "file_sha256": pd.array([f"file-{number}"] * count, dtype="str"),
            "source_row": range(2, count + 2),
            "status": ["absent" if score is None else "scored" for score in scores.values()],
            "primary_score": pd.array(list(scores.values()), dtype="Int16"),
            "reported_mark": pd.array(marks or [None] * count, dtype="Int16"),
        }
    ).assign(**columns)
    return SupportWork(f"{CAMPAIGN}:4:{SUBJECTS[number]}:base", rows, minimum, 20, error)


def needs(support):
    return support.pupils.set_index("pupil_id")["need"].to_dict()


def test_needs_are_told_by_all_works_of_the_campaign():
    # Below 10 is low; from 10 to below 12 (one standard error of 2) is near.
    table = {
        "persistent": (5, 9, 15),
        "persistent_half": (5, 5, 15, 15),
        "single": (5, 15, 15),
        "single_low_in_two_of_five": (None,),
        "prone": (10, 11, 15),
        "one_near_of_three": (10, 15, 15),
        "good": (15, 16, 17),
        "border": (12, 12, 12),
    }
    works = [
        work(number, {name: scores[number] for name, scores in table.items() if number < len(scores)})
        for number in range(4)
    ]
    support = pupils_support(CAMPAIGN, works, OPTIONS)
    assert needs(support) == {
        "persistent": "persistent",
        "persistent_half": "persistent",
        "single": "single",
        "prone": "prone",
    }
    row = support.pupils.set_index("pupil_id").loc["persistent"]
    assert (row["works_count"], row["low_count"], row["near_count"]) == (3, 2, 0)
    assert row["low_assessments"] == f"{CAMPAIGN}:4:mathematics:base;{CAMPAIGN}:4:russian:base"
    assert pd.isna(row["near_assessments"])
    assert row["mean_percent"] == pytest.approx((25 + 45 + 75) / 3)
    [counts] = support.counts.to_dict("records")
    assert (counts["pupils_count"], counts["several_works_count"]) == (7, 7)
    assert (counts["persistent_count"], counts["single_count"], counts["prone_count"]) == (2, 1, 1)
    assert counts["persistent_share"] == pytest.approx(2 / 7)
    assert counts["persistent_low"] < 2 / 7 < counts["persistent_high"]


def test_two_low_works_among_many_good_ones_are_no_persistence():
    scores = [5, 5, 15, 15]
    options = support_options("2020-2021", overrides={"support.pupils.low_share": 0.6})
    support = pupils_support(CAMPAIGN, [work(n, {"p": score}) for n, score in enumerate(scores)], options)
    assert needs(support) == {"p": "single"}


def test_a_pupil_is_found_by_the_row_of_the_first_work():
    works = [work(0, {"other": 15, "p": 5}), work(1, {"p": 5})]
    found = pupils_support(CAMPAIGN, works, OPTIONS).pupils.set_index("pupil_id")
    assert found.loc["p", "file_sha256"] == "file-0"
    assert found.loc["p", "source_row"] == 3


def test_one_low_work_alone_is_never_persistent():
    support = pupils_support(CAMPAIGN, [work(0, {"p": 1})], OPTIONS)
    assert needs(support) == {"p": "single"}
    assert np.isnan(support.counts["persistent_share"].iloc[0])


def test_without_a_standard_error_near_is_a_share_of_the_maximum():
    # 5 % of 20 points is one point: 10 is near, 11 is not.
    support = pupils_support(CAMPAIGN, [work(0, {"near": 10, "far": 11}, error=None)], OPTIONS)
    assert needs(support) == {"near": "prone"}


def test_without_a_scale_the_marks_of_the_file_count_and_without_marks_nothing_does():
    marked = work(0, {"low": 3, "good": 4, "none": 5}, minimum=None, marks=[2, 4, None])
    support = pupils_support(CAMPAIGN, [marked], OPTIONS)
    assert needs(support) == {"low": "single"}
    assert support.counts["pupils_count"].to_list() == [2]
    nothing = pupils_support(CAMPAIGN, [work(0, {"low": 3}, minimum=None)], OPTIONS)
    assert nothing.pupils.equals(PUPILS_SUPPORT.empty())
    assert nothing.counts.equals(SUPPORT_COUNTS.empty())


def test_absent_pupils_totals_above_the_maximum_and_repeated_codes_say_nothing():
    first = work(0, {"absent": None, "over": 21, "twice": 3, "once": 3})
    doubled = pd.concat([first.rows, first.rows[first.rows["pupil_id"] == "twice"]], ignore_index=True)
    support = pupils_support(CAMPAIGN, [SupportWork(first.assessment_id, doubled, 10, 20, 2.0)], OPTIONS)
    assert needs(support) == {"once": "single"}
    assert support.counts["pupils_count"].to_list() == [1]


def test_no_works_need_no_help():
    assert pupils_support(CAMPAIGN, [], OPTIONS).pupils.equals(PUPILS_SUPPORT.empty())
    with pytest.raises(CatalogueError):
        pupils_support("vpr-1999-spring", [work(0, {"p": 1})], OPTIONS)


def test_autumn_papers_are_written_a_grade_later():
    autumn = work(0, {"p": 1})
    moved = SupportWork("vpr-2020-autumn:4:mathematics:base", autumn.rows, 10, 20, 2.0)
    assert pupils_support("vpr-2020-autumn", [moved], OPTIONS).pupils["pupil_grade"].to_list() == [5]


def test_earlier_campaigns_count_only_where_codes_are_linked():
    earlier = pupils_support("vpr-2020-autumn", [work(0, {"old_a": 1}), work(1, {"old_a": 2})], OPTIONS).pupils
    works = [work(0, {"a": 1, "b": 1, "c": 1})]
    unlinked = pupils_support(CAMPAIGN, works, OPTIONS, earlier)
    assert unlinked.pupils["earlier_low_count"].isna().all()
    assert unlinked.pupils["is_persistent_over_campaigns"].isna().all()
    links = pd.DataFrame({"pupil_id": ["a", "b"], "earlier_pupil_id": ["old_a", "old_b"]})
    linked = pupils_support(CAMPAIGN, works, OPTIONS, earlier, links).pupils.set_index("pupil_id")
    assert linked["earlier_low_count"].drop("c").to_dict() == {"a": 2, "b": 0}
    assert pd.isna(linked.loc["c", "earlier_low_count"])
    assert linked.loc["a", "is_persistent_over_campaigns"]
    assert not linked.loc["b", "is_persistent_over_campaigns"]
    assert pd.isna(linked.loc["c", "is_persistent_over_campaigns"])


def test_a_school_sees_its_own_pupils_only_in_the_order_of_grade_and_code():
    scores = {"b": 1, "a": 1, "c": 1}
    schools = pd.array(["edu990001", "edu990001", "edu990002"], dtype="str")
    support = pupils_support(CAMPAIGN, [work(0, scores, school_code=schools)], OPTIONS)
    assert school_annex(support.pupils, "edu990001")["pupil_id"].to_list() == ["a", "b"]
    assert school_annex(support.pupils, "edu990003").empty
    assert support.counts["school_code"].to_list() == ["edu990001", "edu990002"]
    assert support.counts["single_count"].to_list() == [2, 1]


def test_no_column_of_the_counts_holds_a_pupil():
    assert "pupil_id" not in SUPPORT_COUNTS.column_names
    assert PUPILS_SUPPORT.is_restricted
