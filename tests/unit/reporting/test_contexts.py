import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.fingerprint import context_sha256
from oko_pipeline.reporting.vpr import note_charts
from oko_pipeline.reporting.vpr.contexts import MOST_DETAILED, municipality_note, school_note
from oko_pipeline.reporting.vpr.note_data import count_findings
from oko_pipeline.reporting.vpr.note_works import school_view


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def statement(context, title):
    return next((s for s in context["statements"] if s["title"] == title), None)


def rows_of(table):
    return [row["cells"] for row in table["rows"]]


def test_context_is_plain_json(spring):
    context = municipality_note(spring, "reg99_m101")
    assert json.loads(json.dumps(context, ensure_ascii=False)) == context


def test_marks_stand_beside_municipality_and_region(spring):
    context = school_note(spring, "edu990403")
    summary = spring.result_summary
    own = summary[
        (summary["unit_code"] == "edu990403") & (summary["assessment_id"] == "vpr-2021-spring:4:mathematics:base")
    ].iloc[0]
    rows = context["marks"]["table"]["rows"]
    start = next(i for i, row in enumerate(rows) if row["cells"][0].startswith("Математика, 4"))
    expected = f"{own['mark_2_share'] * 100:.1f}".replace(".", ",")
    assert rows[start]["kind"] == "own"
    assert rows[start]["cells"][1] == "32"
    assert rows[start]["cells"][2].startswith(f"{expected}\u00a0(")
    assert rows[start + 1]["cells"][0] == "муниципалитет"
    assert rows[start + 2]["cells"][:3] == ["регион", "24\u00a0917", "10,1\u00a0(10–11)"]


def test_fewer_than_five_are_hidden_and_fewer_than_ten_get_no_shares(spring):
    tiny = school_note(spring, "edu990408")
    small = school_note(spring, "edu990407")
    assert {cells[1] for cells in rows_of(tiny["participation"]["table"])} == {"менее\u00a05"}
    assert "в каждой менее 5\u00a0участников" in statement(tiny, "Участие")["text"]
    assert {cells[1] for cells in rows_of(small["participation"]["table"])} == {"7"}
    for context in (tiny, small):
        assert context["tasks"]["table"] is None
        assert "меньше 10" in context["marks"]["text"]
        assert context["marks"]["table"] is None
        assert context["marks"]["charts"] == []
        assert context["works"] == []
        claims = [t for s in context["statements"] if s["title"] != "Участие" for t in texts(s)]
        assert not any("%" in text for text in claims)
        assert statement(context, "О чём данные не говорят") is not None


def test_sizes_below_five_appear_nowhere_in_the_municipality_note(spring):
    context = municipality_note(spring, "reg99_m102")
    table = context["works"][0]["parts"] if context["works"] else context["participation"]["schools_table"]
    assert rows_of(table)
    sizes = [cells[1] for work in context["works"] for cells in rows_of(work["parts"])]
    assert "3" not in sizes
    assert not any(cells[1] == "3" for cells in rows_of(context["tasks"]["table"]))


def test_school_below_ten_beside_larger_ones_has_no_shares(build_campaign):
    sizes = {"edu990401": 60, "edu990402": 30, "edu990403": 25, "edu990404": 7, "edu990405": 3, "edu990406": 2}
    data = build_campaign(grades=(4,), sizes=sizes)
    rows = rows_of(municipality_note(data, "reg99_m101")["works"][0]["parts"])
    assert [cells[1:] for cells in rows[3:]] == [
        ["7", "недостаточно данных"], ["менее\u00a05", "недостаточно данных"], ["менее\u00a05", "недостаточно данных"]
    ]  # fmt: skip
    assert all(len(cells) == 6 for cells in rows[:3])


def test_single_hidden_school_cannot_be_found_by_subtraction(build_campaign):
    sizes = {"edu990401": 60, "edu990402": 30, "edu990403": 25, "edu990404": 3}
    data = build_campaign(grades=(4,), sizes=sizes)
    rows = rows_of(municipality_note(data, "reg99_m101")["works"][0]["parts"])
    assert [len(cells) for cells in rows] == [6, 6, 3, 3]
    assert "скрыто" in rows[2][2]


def test_schools_stand_in_order_of_codes_whatever_their_results(spring):
    context = municipality_note(spring, "reg99_m101")
    summary = spring.result_summary
    best_first = (
        summary[summary["unit_level"] == "school"].groupby("unit_code")["base_level_share"].mean().sort_values().index
    )
    assert list(best_first) != sorted(best_first), "the sample must not be ordered by chance"
    tables = [context["participation"]["schools_table"], *(work["parts"] for work in context["works"])]
    for table in tables:
        codes = [re.search(r"\((edu\d{6})\)", cells[0])[1] for cells in rows_of(table)]
        assert len(codes) == 6
        assert codes == sorted(codes)


def test_order_of_schools_does_not_follow_the_order_of_rows(spring):
    shuffled = spring.result_summary.sample(frac=1, random_state=3)
    schools = spring.schools.sort_values("school_code", ascending=False)
    other = replace(spring, result_summary=shuffled, schools=schools)
    assert context_sha256(municipality_note(other, "reg99_m101")) == context_sha256(
        municipality_note(spring, "reg99_m101")
    )


def test_classes_stand_in_order_of_names(spring):
    work = school_note(spring, "edu990401")["works"][0]
    assert [cells[0] for cells in rows_of(work["parts"])] == ["4\u00a0А", "4\u00a0Б"]


def test_single_class_makes_no_comparison(spring):
    assert school_note(spring, "edu990404")["works"][0]["parts"] is None


def test_autumn_says_whose_paper_it_is(autumn):
    context = school_note(autumn, "edu990401")
    assert "предыдущий класс" in context["campaign_note"]
    assert all("за\u00a04" in w["title"] or "за 4" in w["title"] or "за 5" in w["title"] for w in context["works"])
    assert "5 и\u00a06 классах" in statement(context, "Участие")["text"]
    assert [cells[0] for cells in rows_of(context["works"][0]["parts"])] == ["5\u00a0А", "5\u00a0Б"]


def test_spring_needs_no_such_note(spring):
    assert school_note(spring, "edu990401")["campaign_note"] == ""


def test_campaigns_never_mix(spring, autumn):
    with pytest.raises(ContractError, match="другой кампании"):
        replace(spring, result_summary=pd.concat([spring.result_summary, autumn.result_summary]))


def test_missing_column_is_named(spring):
    with pytest.raises(ContractError, match=r"coverage.*enrolled_count"):
        replace(spring, coverage=spring.coverage.drop(columns="enrolled_count"))


def test_unknown_units_are_refused(spring):
    with pytest.raises(ContractError, match="edu000000"):
        school_note(spring, "edu000000")
    with pytest.raises(ContractError, match="reg99_m999"):
        municipality_note(spring, "reg99_m999")


def without_work_marks(data):
    summary = data.result_summary.copy()
    marks = [c for c in summary.columns if c.startswith(("mark_", "base_level", "good_level", "journal_")) and
             not c.endswith("pairs_count")]  # fmt: skip
    summary[marks] = None
    summary[["marked_count", "journal_pairs_count"]] = 0
    return replace(data, result_summary=summary)


def test_campaign_without_scales_says_so_and_shows_no_marks(spring):
    context = school_note(without_work_marks(spring), "edu990401")
    assert "шкала" in context["marks"]["text"]
    assert context["marks"]["table"] is None
    assert context["journal"]["table"] is None
    assert "ни по одной работе" in statement(context, "О чём данные не говорят")["text"]
    assert statement(context, "Базовый уровень") is None
    assert context["works"][0]["task_profile"] is not None


def with_shares(data, code, counts):
    """Give a school other marks in every work: four counts."""
    summary = data.result_summary.copy()
    own = (summary["unit_code"] == code) & (summary["unit_level"] == "school")
    n = sum(counts)
    for mark, count in zip((2, 3, 4, 5), counts, strict=True):
        summary.loc[own, f"mark_{mark}_count"] = count
        summary.loc[own, [f"mark_{mark}_share", f"mark_{mark}_low", f"mark_{mark}_high"]] = [
            count / n, max(0, count / n - 0.05), min(1, count / n + 0.05)
        ]  # fmt: skip
    base = sum(counts[1:]) / n
    summary.loc[own, ["base_level_share", "base_level_low", "base_level_high"]] = [base, base - 0.05, base + 0.05]
    return replace(data, result_summary=summary)


def test_planted_gap_is_found_and_named_with_its_interval(spring):
    context = school_note(with_shares(spring, "edu990401", (30, 24, 5, 1)), "edu990401")
    found = statement(context, "Сравнение с ориентирами")
    assert any(
        "базовый уровень 50,0" in point and "ниже на 39,9" in point and "95-процентный интервал" in point
        for point in found["points"]
    )


def test_no_gap_no_claim(spring):
    context = school_note(with_shares(spring, "edu990401", (6, 24, 23, 7)), "edu990401")
    found = statement(context, "Сравнение с ориентирами")
    assert found["points"] == []
    assert "нет" in found["text"]


def test_deviations_name_at_most_six(spring):
    found = statement(municipality_note(spring, "reg99_m101"), "Сравнение с ориентирами")
    assert 0 < len(found["points"]) <= 6


def test_weak_skills_are_only_surely_red(spring):
    data = replace(spring, task_results=spring.task_results.assign(solved_high=1.0))
    assert statement(school_note(spring, "edu990401"), "Слабые места") is not None
    assert statement(school_note(data, "edu990401"), "Слабые места") is None


def test_red_task_near_the_threshold_is_marked_unsure(spring):
    data = replace(spring, task_results=spring.task_results.assign(solved_high=1.0))
    codes = [cells[0] for cells in rows_of(school_note(data, "edu990401")["works"][0]["red_tasks"])]
    assert codes
    assert all(code.endswith("*") for code in codes)


def test_histogram_counts_and_zones(spring):
    context = school_note(spring, "edu990402")
    work = next(w for w in context["works"] if w["title"].startswith("Математика"))
    chart = work["histogram"]
    scores = spring.score_distribution
    own = scores[(scores["unit_code"] == "edu990402") & (scores["assessment_id"] == work["assessment_id"])]
    assert sum(v or 0 for series in chart["series"] for v in series["values"]) == own["participants_count"].sum() == 45
    assert [series["name"] for series in chart["series"]] == ["«2»: 0–5", "«3»: 6–9", "«4»: 10–14", "«5»: 15–20"]
    below = int(own.loc[own["score"] < 6, "participants_count"].sum())
    assert f"Ниже порога «3» — {below}\u00a0" in chart["alt"]


def test_no_histogram_below_twenty(spring):
    assert school_note(spring, "edu990406")["works"] == []


def test_long_campaign_shows_the_neediest_works_in_their_usual_order(long_campaign):
    context = school_note(long_campaign, "edu990401")
    usual = [cells[0] for cells in rows_of(context["tasks"]["table"])]
    shown = [work["title"] for work in context["works"]]
    reds = {cells[0]: len(re.findall(r"\d+(?=,|$)", cells[6])) for cells in rows_of(context["tasks"]["table"])}
    assert len(shown) == MOST_DETAILED < len(usual)
    assert shown == [title for title in usual if title in shown]
    assert min(reds[title] for title in shown) >= max(reds[title] for title in usual if title not in shown)
    assert f"Подробно показаны {MOST_DETAILED}\u00a0работ из {len(usual)}" in context["works_text"]


def test_quality_counts_only_the_unit(spring):
    own, other = school_note(spring, "edu990401"), school_note(spring, "edu990402")
    assert rows_of(own["quality"]["table"])[0][2] == "3"
    assert other["quality"]["table"] is None
    assert "замечаний нет" in other["quality"]["text"]
    assert any("сумма баллов" in line for line in own["quality"]["left_out"])


def test_findings_are_counted_by_rule_school_and_work():
    findings = pd.DataFrame({
        "rule_id": ["a", "a", "b"], "severity": ["error", "error", "note"], "school_code": ["s", "s", None],
        "assessment_id": ["w", "w", None],
    })  # fmt: skip
    counts = count_findings(findings)
    assert counts.to_dict("records") == [
        {"rule_id": "a", "severity": "error", "school_code": "s", "assessment_id": "w", "findings_count": 2},
        {"rule_id": "b", "severity": "note", "school_code": "", "assessment_id": "", "findings_count": 1},
    ]


def test_sources_carry_hashes(spring):
    rows = rows_of(school_note(spring, "edu990401")["sources"])
    assert len(rows) == len(spring.assessments)
    assert {cells[1] for cells in rows} == {sha[:16] for sha in spring.files["file_sha256"]}


def test_sources_of_a_school_name_no_other_school(spring):
    files = spring.files
    own = files.iloc[[0]].assign(path="forms/2021/edu990401/Форма.xlsx", file_sha256="1" * 64)
    login = files.iloc[[0]].assign(path="forms/2021/sch990401 Форма.xlsx", file_sha256="2" * 64)
    others = [
        files.iloc[[0]].assign(path=f"forms/2021/{code}/Форма.xlsx", file_sha256=sha * 64, accepted_rows_count=7)
        for code, sha in (("edu990402", "3"), ("ksh990401", "4"))
    ]
    data = replace(spring, files=pd.concat([files, own, login, *others], ignore_index=True))
    rows = rows_of(school_note(data, "edu990401")["sources"])
    assert rows[-1] == ["файлы других ОО для сравнения, всего 2", "—", "14"]
    assert [any(code in cells[0].replace("\u200b", "") for cells in rows) for code in ("edu990402", "ksh990401")] == [
        False, False
    ]  # fmt: skip
    assert len(rows) == len(files) + 3


def test_fingerprint_follows_content(spring):
    first = school_note(spring, "edu990401")
    assert context_sha256(first) == context_sha256(school_note(spring, "edu990401"))
    assert context_sha256(first) != context_sha256(school_note(spring, "edu990402"))
    changed = with_shares(spring, "edu990401", (30, 24, 5, 1))
    assert context_sha256(first) != context_sha256(school_note(changed, "edu990401"))


def test_details_are_limited(spring):
    assert len(school_note(spring, "edu990401")["works"]) == len(spring.assessments) <= MOST_DETAILED


def test_distribution_is_silent_about_few_participants(spring):
    small, large = (school_view(spring, code).works[0] for code in ("edu990406", "edu990405"))
    assert (small.own.participants, large.own.participants) == (12, 22)
    assert note_charts.histogram(small, spring.settings) is None
    assert note_charts.histogram(large, spring.settings) is not None
