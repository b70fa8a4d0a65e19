"""The control group is drawn by seed and code alone; re-checks come back and are scored."""

import pandas as pd
import pytest

from oko_pipeline.analysis.objectivity.options import ObjectivityOptions, objectivity_options
from oko_pipeline.analysis.objectivity.recheck import (
    RecheckInputs,
    draw,
    rechecked_by_codes,
    score_recheck,
    select_classes,
    select_schools,
)
from oko_pipeline.catalogue.tables_objectivity import RECHECK_SELECTION
from oko_pipeline.sample.region import Region
from tests.unit.analysis.objectivity.regions import SPRING_4, YEAR, assessment_row

BIOLOGY_5 = "vpr-2021-spring:5:biology:base"


def cards_of(region: Region, marked: int = 10) -> pd.DataFrame:
    codes = sorted(region.truth.schools["school_code"])
    levels = ["высокий", "средний"] * (marked // 2) + ["нет признаков"] * (len(codes) - marked - 1) + ["нет данных"]
    return pd.DataFrame({"school_year": YEAR, "school_code": codes, "evidence_level": levels})


def places_of(region: Region) -> dict[str, str]:
    own = region.schools[region.schools["school_year"] == YEAR]
    return dict(zip(own["school_code"], own["municipality_code"], strict=True))


def test_half_of_the_marked_schools_and_some_of_every_municipality_are_drawn(
    region: Region, options: ObjectivityOptions
) -> None:
    cards = cards_of(region)
    strata = select_schools(cards, places_of(region), options.recheck)
    by_signals = [stratum for stratum in strata if stratum.basis == "signals"]
    assert [len(stratum.selected) for stratum in by_signals] == [5]
    silent = cards.loc[cards["evidence_level"] == "нет признаков", "school_code"]
    assert len(strata) - 1 == silent.map(places_of(region)).nunique()
    assert all(stratum.selected for stratum in strata)
    assert "нет данных" not in set(
        cards.set_index("school_code").loc[[c for s in strata for c in s.selected], "evidence_level"]
    )


def test_the_draw_repeats_and_another_seed_draws_others(region: Region, options: ObjectivityOptions) -> None:
    cards, places = cards_of(region), places_of(region)
    first = select_schools(cards, places, options.recheck)
    assert first == select_schools(cards.sample(frac=1, random_state=1), places, options.recheck)
    other = objectivity_options({"objectivity.recheck_selection.seed": 7})
    assert first != select_schools(cards, places, other.recheck)


def test_adding_a_school_moves_no_other_in_the_order() -> None:
    codes = [f"edu99{n:04d}" for n in range(50)]
    before = draw(codes, 10, 1, YEAR)
    after = draw([*codes, "edu990999"], 10, 1, YEAR)
    assert len(set(before) - set(after)) <= 1


def test_each_school_is_as_likely_as_any_other() -> None:
    codes = [f"edu99{n:04d}" for n in range(40)]
    counts = pd.Series([code for seed in range(600) for code in draw(codes, 4, seed, YEAR)]).value_counts()
    assert len(counts) == 40
    # 600 draws of a tenth: mean 60, sd 7.3.
    assert counts.between(60 - 4 * 7.3, 60 + 4 * 7.3).all()


@pytest.fixture(scope="module")
def drawn(region: Region, options: ObjectivityOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    strata = select_schools(cards_of(region), places_of(region), options.recheck)
    return select_classes(region.works(YEAR, SPRING_4), YEAR, strata, options.recheck)


def test_works_are_named_by_codes_without_names_or_pseudonyms(
    region: Region, drawn: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    selection, works = drawn
    assert works["work_code"].str.fullmatch("[0-9a-f]{12}").all()
    assert "pupil_id" not in works.columns
    pupil_ids = set(region.works(YEAR, SPRING_4).rows["pupil_id"].str[:12])
    assert not pupil_ids & set(works["work_code"])
    assert selection["selected_count"].sum() == len(works)
    assert selection["selected_count"].max() <= 10
    assert not selection.duplicated("school_code").any()


def test_a_work_keeps_its_code_and_its_row(region: Region, drawn: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows = region.works(YEAR, SPRING_4).rows.set_index("source_row")
    chosen = drawn[1]
    found = rows.loc[chosen["source_row"]]
    assert found["primary_score"].tolist() == chosen["original_score"].tolist()
    assert found["school_code"].tolist() == chosen["school_code"].tolist()


def test_a_paper_outside_the_list_is_not_drawn(region: Region, options: ObjectivityOptions) -> None:
    strata = select_schools(cards_of(region), places_of(region), options.recheck)
    selection, works = select_classes(region.works(YEAR, BIOLOGY_5), YEAR, strata, options.recheck)
    assert selection.empty
    assert works.empty


def scored(works: pd.DataFrame, selection: pd.DataFrame, options: ObjectivityOptions) -> pd.DataFrame:
    assessments = pd.DataFrame([assessment_row(SPRING_4, YEAR, grade=4, pupil_grade=4, subject="mathematics")])
    results = score_recheck(RecheckInputs(YEAR, works, selection, assessments), options)
    return results.set_index(["unit_level", "unit_code", "assessment_id"])


def test_a_recheck_is_scored_as_it_came_back(
    drawn: tuple[pd.DataFrame, pd.DataFrame], options: ObjectivityOptions
) -> None:
    selection, works = drawn
    half = works.head(len(works) // 2)
    new = {code: score - 3 for code, score in zip(half["work_code"], half["original_score"], strict=True)}
    results = scored(rechecked_by_codes(works, new), selection, options)
    whole = results.loc[("all", "all", "all")]
    assert (whole["selected_count"], whole["rechecked_count"]) == (len(works), len(half))
    assert (whole["mean_shift"], whole["same_count"], whole["objective_share"]) == (-3, 0, 0)
    assert whole["verdict"] == "not_reached"
    assert 0 < whole["mark_changed_count"] <= len(half)
    assert {"signals", "random"} == {code for level, code, _ in results.index if level == "basis"}


def test_nothing_back_is_no_data_and_says_so(
    drawn: tuple[pd.DataFrame, pd.DataFrame], options: ObjectivityOptions
) -> None:
    selection, works = drawn
    whole = scored(rechecked_by_codes(works, {}), selection, options).loc[("all", "all", "all")]
    assert (whole["rechecked_count"], whole["verdict"]) == (0, "no_data")
    assert pd.isna(whole["same_share"])
    assert pd.isna(whole["mean_shift"])


@pytest.mark.parametrize(
    ("wrong", "count", "verdict"), [(0, 100, "reached"), (0, 10, "undecided"), (30, 100, "not_reached")]
)
def test_the_reference_is_judged_by_the_interval(
    wrong: int, count: int, verdict: str, options: ObjectivityOptions
) -> None:
    works = pd.DataFrame(
        {
            "school_code": "edu990001",
            "assessment_id": SPRING_4,
            "original_score": 10,
            "rechecked_score": [7.0] * wrong + [10.0] * (count - wrong),
        }
    )
    assert scored(works, RECHECK_SELECTION.empty(), options).loc[("all", "all", "all"), "verdict"] == verdict


def test_a_region_without_selection_and_results_has_no_rows(options: ObjectivityOptions) -> None:
    works = pd.DataFrame(columns=["school_code", "assessment_id", "original_score", "rechecked_score"])
    inputs = RecheckInputs(YEAR, works, RECHECK_SELECTION.empty(), pd.DataFrame())
    assert score_recheck(inputs, options).empty
