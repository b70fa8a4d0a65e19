"""Rules about a year: a sound year is silent; each fault is found; coverage says only what it knows."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.rules import rule
from oko_pipeline.catalogue.tables import PUBLISHED_RESULTS, RESULT_SUMMARY, SCALE_BOUNDS, SCHOOL_CONTEXT
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.validation.year_rules import YearOptions, check_jumps, check_year, is_obligatory, work_counts
from tests.unit.validation.builders import KEY, assessments_of, tasks_of

RUSSIAN = "vpr-2021-spring:4:russian:base"
WORLD = "vpr-2021-spring:4:world_around:base"
MATHS = str(KEY)


def rules_of(check) -> list[str]:
    return [finding.rule_id for finding in check.findings]


def only(check, rule_id: str):
    own = [finding for finding in check.findings if finding.rule_id == rule_id]
    assert len(own) == 1, rules_of(check)
    assert rule(rule_id)
    return own[0]


def with_flags(year, flags) -> dict[str, pd.DataFrame]:
    return year | {"works": flags, "work_counts": work_counts(flags)}


def add_assessment(
    year, assessment_id: str, schools=("edu990001",), label: str | None = "А"
) -> dict[str, pd.DataFrame]:
    """Add a work written by the classes `label` of `schools`."""
    flags = year["works"]
    more = flags.loc[flags["school_code"].isin(schools)].assign(assessment_id=assessment_id, class_label=label)
    more["class_label"] = more["class_label"].astype("str")
    return with_flags(
        year
        | {
            "assessments": pd.concat([year["assessments"], assessments_of(assessment_id)], ignore_index=True),
            "tasks": pd.concat([year["tasks"], tasks_of(assessment_id)], ignore_index=True),
        },
        pd.concat([flags, more], ignore_index=True),
    )


def test_a_sound_year_has_no_findings(year) -> None:
    assert rules_of(check_year(year)) == []


def test_only_the_required_tables_are_needed(year) -> None:
    needed = {name: year[name] for name in ("assessments", "tasks", "schools", "municipalities", "work_counts")}
    assert rules_of(check_year(needed)) == []


def test_an_empty_year_gives_empty_coverage(year) -> None:
    empty = {name: frame.iloc[:0] for name, frame in year.items()}
    check = check_year(empty)
    assert check.findings == []
    assert check.coverage.empty


class TestCounts:
    def test_counts_participants_marks_and_journal_by_class(self, year) -> None:
        counts = work_counts(year["works"]).set_index("school_code").loc["edu990001"]
        assert counts["class_label"] == "А"
        assert counts[["rows_count", "participants_count", "absent_count"]].tolist() == [6, 6, 0]
        assert counts[[f"mark_{mark}_count" for mark in (2, 3, 4, 5)]].tolist() == [1, 1, 2, 2]
        # Marks 4 4 5 5 3 2 beside journal 4 4 4 5 4 3.
        assert counts[[f"journal_{k}_count" for k in ("lower", "same", "higher")]].tolist() == [2, 3, 1]

    def test_absent_rows_unknown_classes_and_odd_journal_marks(self, check) -> None:
        changes = {
            (0, "status"): "absent",
            (0, "primary_score"): None,
            (1, "class_label"): None,
            (2, "journal_mark"): 1,
        }
        counts = work_counts(check(changes).flags)
        assert counts["class_label"].tolist() == ["", "А"]
        assert counts["absent_count"].tolist() == [0, 1]
        assert counts["participants_count"].tolist() == [1, 4]
        assert counts.filter(like="journal_").to_numpy().sum() == 4

    def test_no_works_keep_the_columns(self, year) -> None:
        assert list(work_counts(pd.DataFrame()).columns) == list(work_counts(year["works"]).columns)


class TestForms:
    @pytest.mark.parametrize("maximum", [5, 7])
    def test_task_maxima_that_miss_the_maximum_of_the_form(self, year, maximum) -> None:
        finding = only(
            check_year(year | {"assessments": year["assessments"].assign(maximum_score=maximum)}),
            "year.task_maxima_sum",
        )
        assert (finding.value, finding.expected, finding.assessment_id) == ("6", str(maximum), MATHS)
        assert finding.message.startswith("Математика, 4 класс: максимумы заданий дают в сумме 6")

    def test_an_unknown_maximum_of_the_form_or_no_tasks_cannot_be_compared(self, year) -> None:
        assert rules_of(check_year(year | {"assessments": year["assessments"].assign(maximum_score=pd.NA)})) == []
        assert rules_of(check_year(year | {"tasks": year["tasks"].iloc[:0]})) == []

    def test_observed_maxima_are_only_a_lower_bound(self, year) -> None:
        tasks = year["tasks"].assign(maximum_source=["description", "description", "observed"])
        tables = year | {"tasks": tasks, "assessments": year["assessments"].assign(maximum_score=8)}
        check = check_year(tables)
        assert rules_of(check) == ["year.task_maxima_unknown"]
        assert "у 1 задания" in check.findings[0].message
        above = check_year(tables | {"assessments": year["assessments"].assign(maximum_score=5)})
        assert rules_of(above) == ["year.task_maxima_sum"]


class TestScales:
    @pytest.mark.parametrize(
        ("changes", "rule_id"),
        [
            ({"scale_source": "refused", "minimum_5": pd.NA}, "year.scale_refused"),
            ({"scale_source": "absent", "minimum_3": pd.NA}, "year.scale_absent"),
            ({"minimum_4": 2}, "year.scale_broken"),
            ({"minimum_5": 7}, "year.scale_broken"),
            ({"minimum_3": 0}, "year.scale_broken"),
            ({"minimum_5": 3, "maximum_score": pd.NA}, "year.scale_broken"),
            ({"scale_source": "inferred"}, "year.scale_inferred"),
        ],
    )
    def test_scales_that_are_none(self, year, changes, rule_id) -> None:
        check = check_year(year | {"assessments": year["assessments"].assign(**changes)})
        finding = only(check, rule_id)
        assert finding.assessment_id == MATHS

    def test_a_top_bound_equal_to_the_maximum_is_sound(self, year) -> None:
        assert rules_of(check_year(year | {"assessments": year["assessments"].assign(minimum_5=6)})) == []

    def test_a_printed_scale_names_file_and_row(self, year) -> None:
        scale = {
            "school_year": ["2020-2021"] * 3, "file_sha256": "s", "source_row": [2, 3, 4], "year": 2021,
            "paper_grade": 8, "subject_code": ["geography", "physics", "elvish"], "level": "base", "minimum_3": 13,
            "minimum_4": [27, 27, 12], "minimum_5": [35, 36, 36], "maximum_score": 40,
            "is_refused": [True, False, False], "basis": None, "campaign_code": None,
        }  # fmt: skip
        files = pd.DataFrame({"file_sha256": ["s"], "path": ["scales.xlsx"]})
        check = check_year(year | {"scale_bounds": SCALE_BOUNDS.conform(pd.DataFrame(scale)), "files": files})
        assert rules_of(check) == ["year.scale_printed"] * 2
        refused, broken = check.findings
        assert (refused.file_path, refused.row) == ("scales.xlsx", 2)
        assert refused.message.startswith("Шкала «География, 8 класс, 2021 год» отвергнута: напечатанные диапазоны")
        assert "elvish" in broken.message
        assert "«4» начинается с 12" in broken.message


class TestSaidBefore:
    def known(self, rule_id: str, **changes) -> pd.DataFrame:
        return findings_frame([QualityFinding(rule_id, "Уже сказано.", **changes)], "2020-2021", "assessments")

    def test_what_the_collection_said_is_not_said_again(self, year) -> None:
        tables = year | {"assessments": year["assessments"].assign(maximum_score=7)}
        assert rules_of(check_year(tables)) == ["year.task_maxima_sum"]
        said = self.known("task.maxima_sum", assessment_id=MATHS)
        assert rules_of(check_year(tables | {"quality_findings": said})) == []

    @pytest.mark.parametrize(
        ("rule_id", "changes"),
        [("task.maxima_sum", {"assessment_id": RUSSIAN}), ("scale.absent", {"assessment_id": MATHS})],
    )
    def test_another_work_or_another_rule_does_not_silence(self, year, rule_id, changes) -> None:
        tables = year | {"assessments": year["assessments"].assign(maximum_score=7)}
        said = self.known(rule_id, **changes)
        assert rules_of(check_year(tables | {"quality_findings": said})) == ["year.task_maxima_sum"]

    def test_a_row_of_a_file_is_the_same_fault_only_there(self, year) -> None:
        scale = {
            "school_year": "2020-2021", "file_sha256": "s", "source_row": [2, 3], "year": 2021, "paper_grade": 8,
            "subject_code": "geography", "level": "base", "minimum_3": 13, "minimum_4": 27, "minimum_5": 35,
            "maximum_score": 40, "is_refused": True, "basis": None, "campaign_code": None,
        }  # fmt: skip
        said = self.known("scale.overlap", file_sha256="s", row=2)
        tables = year | {"scale_bounds": SCALE_BOUNDS.conform(pd.DataFrame(scale)), "quality_findings": said}
        assert [finding.row for finding in check_year(tables).findings] == [3]

    def test_nothing_said_yet(self, year) -> None:
        tables = year | {"assessments": year["assessments"].assign(maximum_score=7)}
        nothing = findings_frame([], "2020-2021", "year")
        assert rules_of(check_year(tables | {"quality_findings": nothing})) == ["year.task_maxima_sum"]


class TestReferences:
    def test_unknown_school(self, year) -> None:
        finding = only(check_year(year | {"schools": year["schools"].iloc[:1]}), "year.school_unknown")
        assert finding.school_code == "edu990002"
        assert finding.message == "ОО edu990002 нет в реестре года: 6 строк протокола."

    @pytest.mark.parametrize(
        ("assessment_id", "rule_id", "value"),
        [
            ("vpr-1999-spring:4:mathematics:base", "year.campaign_unknown", "vpr-1999-spring"),
            ("vpr-2021-spring:4:elvish:base", "year.subject_unknown", "elvish"),
            ("vpr-2021-spring:12:mathematics:base", "year.grade_unknown", "12"),
        ],
    )
    def test_unknown_campaign_subject_grade(self, year, assessment_id, rule_id, value) -> None:
        tables = with_flags(
            year | {"assessments": assessments_of(assessment_id), "tasks": tasks_of(assessment_id)},
            year["works"].assign(assessment_id=assessment_id),
        )
        finding = only(check_year(tables), rule_id)
        assert (finding.value, finding.assessment_id) == (value, assessment_id)

    def test_school_without_municipality(self, year) -> None:
        schools = year["schools"].assign(municipality_code=["reg99_m101", ""])
        assert (
            only(check_year(year | {"schools": schools}), "year.school_without_municipality").school_code == "edu990002"
        )

    def test_schools_without_name_are_said_together(self, year) -> None:
        finding = only(
            check_year(year | {"schools": year["schools"].assign(is_name_known=False)}), "year.school_name_unknown"
        )
        assert finding.value == "2"
        assert "edu990001, edu990002" in finding.message

    def test_unmatched_mentions(self, year) -> None:
        crosswalk = year["school_crosswalk"].assign(
            method=["login", "unmatched"], rows_count=[6, 1], files_count=[1, 2]
        )
        finding = only(check_year(year | {"school_crosswalk": crosswalk}), "year.crosswalk_unmatched")
        assert finding.message == "«sch990002» не сопоставлено ни одной ОО: 1 строка в 2 файлах."


class TestObligatory:
    @pytest.mark.parametrize(
        ("assessment_id", "expected"),
        [
            ("vpr-2021-spring:4:russian:base", True),
            ("vpr-2021-spring:6:mathematics:base", True),
            ("vpr-2021-spring:8:mathematics:base", True),
            ("vpr-2021-spring:8:russian:base", True),
            ("vpr-2025-spring:8:russian:base", True),
            ("vpr-2025-spring:7:mathematics:base", None),
            ("vpr-2025-spring:7:mathematics:advanced", None),
            ("vpr-2025-spring:10:mathematics:base", True),
            ("vpr-2021-spring:10:mathematics:base", None),
            ("vpr-2021-spring:11:russian:base", None),
            ("vpr-2021-spring:3:russian:base", None),
            ("vpr-2021-spring:4:world_around:base", True),
            ("vpr-2021-spring:5:biology:base", True),
            ("vpr-2021-spring:5:history:base", True),
            ("vpr-2025-spring:5:history:base", None),
            ("vpr-2025-spring:4:world_around:base", None),
            ("vpr-2021-spring:6:biology:base", None),
            ("vpr-2021-spring:7:english:base", None),
            ("vpr-2021-spring:10:geography:base", None),
        ],
    )
    def test_only_what_every_school_writes(self, assessment_id, expected) -> None:
        key = AssessmentKey.parse(assessment_id)
        assert is_obligatory(key, campaigns()[key.campaign_code]) is expected

    def test_nothing_is_known_of_an_unknown_campaign(self) -> None:
        assert is_obligatory(AssessmentKey("x", 4, "russian"), None) is None


class TestCoverage:
    def test_a_row_a_school_and_work_with_counts(self, year) -> None:
        coverage = check_year(year).coverage
        assert coverage[["school_code", "rows_count", "participants_count", "absent_count", "classes_count"]].to_numpy(
            dtype=object
        ).tolist() == [["edu990001", 6, 6, 0, 1], ["edu990002", 6, 6, 0, 1]]
        assert coverage["state"].tolist() == ["written", "written"]
        assert coverage["is_expected"].tolist() == [True, True]
        assert coverage["enrolled_count"].isna().all()

    def test_an_obligatory_work_that_a_school_lacks_is_a_gap(self, year) -> None:
        check = check_year(add_assessment(year, RUSSIAN))
        finding = only(check, "year.coverage_gap")
        assert (finding.school_code, finding.assessment_id) == ("edu990002", RUSSIAN)
        assert finding.message == (
            "ОО edu990002 писала другие работы за 4 класс (ВПР, весна 2021 года), "
            "но нет результатов: Русский язык, 4 класс."
        )
        gap = check.coverage.loc[check.coverage["state"] == "missing"]
        assert gap[["school_code", "assessment_id", "is_expected", "rows_count"]].to_numpy(dtype=object).tolist() == [
            ["edu990002", RUSSIAN, True, 0]
        ]

    def test_two_gaps_of_a_school_are_said_together(self, year) -> None:
        finding = only(check_year(add_assessment(add_assessment(year, RUSSIAN), WORLD)), "year.coverage_gap")
        assert finding.assessment_id is None
        assert finding.message.endswith("Русский язык, 4 класс; Окружающий мир, 4 класс.")

    def test_a_work_drawn_at_random_is_no_gap(self, year) -> None:
        flags = year["works"].assign(assessment_id="vpr-2021-spring:6:mathematics:base")
        sixth = with_flags(
            year
            | {
                "assessments": assessments_of("vpr-2021-spring:6:mathematics:base"),
                "tasks": tasks_of("vpr-2021-spring:6:mathematics:base"),
            },
            flags,
        )
        check = check_year(add_assessment(sixth, "vpr-2021-spring:6:biology:base"))
        assert rules_of(check) == []
        missing = check.coverage.loc[check.coverage["state"] == "missing"]
        assert missing["school_code"].tolist() == ["edu990002"]
        assert missing["is_expected"].isna().all()
        assert check.coverage.loc[check.coverage["state"] == "written", "is_expected"].tolist() == [True] * 3

    def test_another_grade_or_campaign_expects_nothing(self, year) -> None:
        for other in ("vpr-2021-spring:5:russian:base", "vpr-2020-autumn:4:russian:base"):
            check = check_year(add_assessment(year, other))
            assert rules_of(check) == []
            assert set(check.coverage["state"]) == {"written"}

    def test_a_school_where_all_were_absent(self, year) -> None:
        flags = year["works"].copy()
        flags.loc[flags["school_code"] == "edu990002", "status"] = "absent"
        check = check_year(with_flags(year, flags))
        finding = only(check, "year.coverage_absent_only")
        assert finding.school_code == "edu990002"
        assert "все 6 участников отмечены" in finding.message
        assert check.coverage["state"].tolist() == ["written", "absent_only"]

    def test_a_gap_of_an_unknown_campaign_is_never_claimed(self, year) -> None:
        unknown = "vpr-1999-spring:4:mathematics:base"
        tables = with_flags(
            year | {"assessments": assessments_of(unknown), "tasks": tasks_of(unknown)},
            year["works"].assign(assessment_id=unknown),
        )
        check = check_year(add_assessment(tables, "vpr-1999-spring:4:russian:base"))
        assert set(rules_of(check)) == {"year.campaign_unknown"}


class TestClasses:
    def two_classes(self, year):
        flags = year["works"].copy()
        flags.loc[flags.index[:2], "class_label"] = "Б"
        return with_flags(year, flags)

    def test_a_class_that_lacks_an_obligatory_work(self, year) -> None:
        check = check_year(add_assessment(self.two_classes(year), RUSSIAN, ("edu990001", "edu990002")))
        finding = only(check, "year.class_gap")
        assert (finding.school_code, finding.assessment_id) == ("edu990001", RUSSIAN)
        assert "нет результатов класса «Б»" in finding.message

    def test_a_work_without_labels_cannot_be_compared(self, year) -> None:
        check = check_year(add_assessment(self.two_classes(year), RUSSIAN, ("edu990001", "edu990002"), None))
        assert rules_of(check) == []

    def test_a_work_with_some_labels_missing_cannot_be_compared(self, year) -> None:
        tables = add_assessment(self.two_classes(year), RUSSIAN, ("edu990001", "edu990002"))
        flags = tables["works"].copy()
        own = flags.index[(flags["assessment_id"] == RUSSIAN) & (flags["school_code"] == "edu990001")]
        flags.loc[own[:2], "class_label"] = None
        assert rules_of(check_year(with_flags(tables, flags))) == []

    def test_a_work_drawn_for_a_class_is_no_gap(self, year) -> None:
        check = check_year(
            add_assessment(self.two_classes(year), "vpr-2021-spring:4:english:base", ("edu990001", "edu990002"))
        )
        assert rules_of(check) == []

    def test_no_labels_at_all(self, year) -> None:
        flags = year["works"].assign(class_label=pd.Series([None] * 12, dtype="str"))
        assert rules_of(check_year(with_flags(year, flags))) == []


class TestEnrolment:
    def context(self, number: float, variable: str = "pupils_grade_4_count") -> pd.DataFrame:
        return SCHOOL_CONTEXT.conform(
            pd.DataFrame(
                {
                    "school_year": ["2020-2021"],
                    "file_sha256": ["c"],
                    "source_row": [2],
                    "school_code": ["edu990001"],
                    "variable": [variable],
                    "value_text": [None],
                    "value_number": [number],
                }
            )
        )

    def test_more_participants_than_pupils(self, year) -> None:
        check = check_year(year | {"school_context": self.context(4)})
        finding = only(check, "year.more_than_enrolled")
        assert (finding.value, finding.expected, finding.school_code) == ("6", "не больше 4", "edu990001")
        assert check.coverage["enrolled_count"].iloc[0] == 4

    @pytest.mark.parametrize("number", [5, 6, 60])
    def test_one_more_is_tolerated(self, year, number) -> None:
        assert rules_of(check_year(year | {"school_context": self.context(number)})) == []

    def test_a_share_is_tolerated_in_big_grades(self, year) -> None:
        options = YearOptions(enrolled_tolerance=0.5)
        assert rules_of(check_year(year | {"school_context": self.context(4)}, options)) == []

    def test_another_grade_or_no_answer_says_nothing(self, year) -> None:
        for context in (self.context(1, "pupils_grade_5_count"), self.context(float("nan"))):
            assert rules_of(check_year(year | {"school_context": context})) == []

    def test_the_last_answer_stands(self, year) -> None:
        both = pd.concat([self.context(1), self.context(6).assign(file_sha256="d")], ignore_index=True)
        check = check_year(year | {"school_context": both})
        assert check.coverage["enrolled_count"].iloc[0] == 6


class TestPublished:
    def published(self, **changes) -> pd.DataFrame:
        row = {
            "school_year": "2020-2021", "file_sha256": "p", "source_row": 12, "assessment_id": MATHS,
            "unit_level": "school", "unit_source": "СОШ № 1", "unit_code": "edu990001", "measure": "mark",
            "item": "2", "value_percent": 16.67, "value_count": 1, "is_count_recovered": True, "participants_count": 6,
        }  # fmt: skip
        shares = (("2", 16.67, 1), ("3", 16.67, 1), ("4", 33.33, 2), ("5", 33.33, 2))
        marks = [row | {"item": item, "value_percent": share, "value_count": count} for item, share, count in shares]
        total = row | {"measure": "participants", "item": "", "value_percent": None, "value_count": 6}
        journal = [row | {"measure": "journal", "item": item, "value_count": count, "value_percent": None}
                   for item, count in (("lower", 2), ("same", 3), ("higher", 1))]  # fmt: skip
        frame = pd.DataFrame([*marks, *journal, total])
        for (item, column), value in changes.get("cells", {}).items():
            frame.loc[frame["item"] == item, column] = value
        frame = frame.assign(**{name: value for name, value in changes.items() if name != "cells"})
        return PUBLISHED_RESULTS.conform(frame)

    def test_agreeing_exports_are_silent(self, year) -> None:
        assert rules_of(check_year(year | {"published_results": self.published()})) == []
        assert rules_of(check_year(year | {"published_results": self.published().iloc[:0]})) == []

    def test_a_count_that_differs(self, year) -> None:
        published = self.published(cells={("3", "value_count"): 2})
        files = pd.DataFrame({"file_sha256": ["p"], "path": ["Ф3.xlsx"]})
        finding = only(check_year(year | {"published_results": published, "files": files}), "year.published_differs")
        assert (finding.value, finding.expected) == ("2", "1")
        assert (finding.file_path, finding.row, finding.school_code) == ("Ф3.xlsx", 12, "edu990001")
        assert finding.message == (
            "Математика, 4 класс, СОШ № 1: отметка «3» в сводном файле 2, по работам участников 1."
        )

    @pytest.mark.parametrize(("percent", "differs"), [(16.67, False), (16.7, False), (16.6, True), (20.0, True)])
    def test_percentages_alone_are_compared_within_their_rounding(self, year, percent, differs) -> None:
        published = self.published(cells={("2", "value_percent"): percent, ("2", "value_count"): pd.NA})
        check = check_year(year | {"published_results": published})
        assert rules_of(check) == (["year.published_differs"] if differs else [])
        if differs:
            assert check.findings[0].expected == "16,67 %"

    def test_participants_and_journal_are_compared(self, year) -> None:
        published = self.published(cells={("", "value_count"): 7, ("higher", "value_count"): 0})
        check = check_year(year | {"published_results": published})
        assert [finding.value for finding in check.findings] == ["0", "7"]
        assert "сравнение с журналом, повысили" in check.findings[0].message
        assert "число участников" in check.findings[1].message

    def test_municipalities_are_summed_over_their_schools(self, year) -> None:
        doubled = self.published(unit_level="municipality", unit_code="reg99_m101", unit_source="Район")
        check = check_year(year | {"published_results": doubled.assign(value_count=doubled["value_count"] * 2)})
        assert rules_of(check) == []
        check = check_year(year | {"published_results": doubled})
        assert set(rules_of(check)) == {"year.published_differs"}
        assert check.findings[0].school_code is None

    def test_a_unit_without_works_is_noted_once(self, year) -> None:
        published = self.published(unit_code="edu990009", unit_source="СОШ № 9")
        finding = only(check_year(year | {"published_results": published}), "year.published_without_works")
        assert finding.value == "СОШ № 9"

    def test_other_levels_works_and_measures_are_left_aside(self, year) -> None:
        for changes in (
            {"unit_level": "region"},
            {"unit_code": pd.NA},
            {"assessment_id": RUSSIAN},
            {"measure": "score"},
        ):
            published = self.published(cells={("3", "value_count"): 5}).assign(**changes)
            if "measure" in changes:
                published = published.drop_duplicates("item")
            assert rules_of(check_year(year | {"published_results": PUBLISHED_RESULTS.conform(published)})) == []


class TestJumps:
    def summary(self, assessment_id: str = MATHS, **changes) -> pd.DataFrame:
        row = dict.fromkeys(RESULT_SUMMARY.column_names) | {
            "school_year": "2020-2021", "assessment_id": assessment_id, "unit_level": "school",
            "unit_code": "edu990001", "subgroup": "all", "participants_count": 20, "absent_count": 0,
            "size_tier": "lt50", "mean_percent": 50.0, "mark_2_share": 0.1, "marked_count": 20,
            "journal_pairs_count": 0, "over_maximum_count": 0, "sum_mismatch_count": 0,
        }  # fmt: skip
        return RESULT_SUMMARY.conform(pd.DataFrame([row | changes]))

    def check(self, year, now, before, options=None):
        return check_year(year | {"result_summary": now, "previous_result_summary": before}, options)

    def test_a_jump_of_the_mean_states_both_years_sizes_and_threshold(self, year) -> None:
        before = self.summary("vpr-2020-autumn:4:mathematics:base", mean_percent=50.0, participants_count=31)
        finding = only(self.check(year, self.summary(mean_percent=70.5), before), "year.jump")
        assert finding.message == (
            "Математика, 4 класс, ОО edu990001: средний процент от максимума был 50,0 % (n = 31), "
            "стал 70,5 % (n = 20); порог 20,0 п. п."
        )
        assert (finding.value, finding.school_code, finding.assessment_id) == ("70,5", "edu990001", MATHS)

    def test_a_jump_of_the_share_of_twos(self, year) -> None:
        before = self.summary(unit_level="municipality", unit_code="reg99_m101")
        now = self.summary(unit_level="municipality", unit_code="reg99_m101", mark_2_share=0.36)
        finding = only(self.check(year, now, before), "year.jump")
        assert "муниципалитет reg99_m101: доля «2» была 10,0 % (n = 20), стала 36,0 %" in finding.message
        assert finding.school_code is None

    @pytest.mark.parametrize(
        ("now", "before"),
        [
            ({"mean_percent": 70.0}, {}),
            ({"mean_percent": 90.0, "participants_count": 19}, {}),
            ({"mean_percent": 90.0}, {"participants_count": 19}),
            ({"mean_percent": None}, {}),
            ({"mean_percent": 90.0, "subgroup": "sex:м"}, {"subgroup": "sex:м"}),
            ({"mean_percent": 90.0, "unit_level": "class"}, {"unit_level": "class"}),
            ({"mean_percent": 90.0}, {"unit_code": "edu990002"}),
            ({"mean_percent": 90.0}, {"assessment_id": "vpr-2021-spring:5:mathematics:base"}),
        ],
    )
    def test_what_is_no_jump(self, year, now, before) -> None:
        assert rules_of(self.check(year, self.summary(**now), self.summary(**before))) == []

    def test_the_latest_campaign_of_the_previous_year_is_compared(self, year) -> None:
        before = pd.concat(
            [self.summary(mean_percent=90.0), self.summary("vpr-2020-autumn:4:mathematics:base", mean_percent=20.0)]
        )
        assert rules_of(self.check(year, self.summary(mean_percent=89.0), before)) == []

    def test_jumps_can_be_sought_once_the_results_are_there(self) -> None:
        now, before = self.summary(mean_percent=90.0), self.summary()
        assert [finding.rule_id for finding in check_jumps(now, before)] == ["year.jump"]
        assert check_jumps(now, RESULT_SUMMARY.empty()) == []

    def test_the_threshold_is_an_option(self, year) -> None:
        now, before = self.summary(mean_percent=56.0), self.summary()
        assert rules_of(self.check(year, now, before)) == []
        assert rules_of(self.check(year, now, before, YearOptions(jump_mean_percent=5))) == ["year.jump"]
