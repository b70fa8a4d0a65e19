"""Documents of one school: only they are written, others stand, a wrong code is answered with near ones."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from assets.document_choice import SCHOOLS_WANTED, Choice, DocumentsChoice, assets_of_schools, chosen_documents
from assets.documents import document_assets_made, write_documents
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.catalogue.tables import DOCUMENTS, MUNICIPALITIES, QUALITY_FINDINGS, SCHOOLS
from oko_pipeline.errors import SettingsError
from oko_pipeline.orchestration.build import build_defs
from oko_pipeline.settings import Settings
from resources.clock import Clock
from resources.workplace import WorkplaceResource, open_workplace
from tests.unit.reporting.frames import filled

YEAR = "2025-2026"
KIND = document_kinds()["quality_letter"]
FIRST, SECOND = "edu101", "edu102"


def finding(school, row):
    return {
        "school_year": YEAR, "finding_id": f"{school}-{row}", "severity": "warning", "rule_id": "work.sum_mismatch",
        "file_path": f"ВПР/{school}.xlsx", "file_sha256": "0" * 64, "sheet": "Протокол", "row": row, "column": "N",
        "cell": f"N{row}", "message": f"Итог {row}, а сумма баллов 1.", "mend": "Сверьте.", "school_code": school,
    }  # fmt: skip


@pytest.fixture
def office(tmp_path):
    clock = Clock(lambda: datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    office = open_workplace(Settings.load(home=tmp_path, workers=1), clock)
    names = {FIRST: "Лесная СОШ № 3", SECOND: "Гимназия № 7", "edu900": "Лицей"}
    schools = [
        {"school_year": YEAR, "school_code": code, "municipality_code": "m1", "school_name": name}
        for code, name in names.items()
    ]
    office.database.append(SCHOOLS, filled("schools", schools))
    district = [{"school_year": YEAR, "municipality_code": "m1", "municipality_name": "Район"}]
    office.database.append(MUNICIPALITIES, filled("municipalities", district))
    find(office, (FIRST, 17), (SECOND, 5))
    yield office
    office.close()


def find(office, *found):
    """Let these be the findings of the year."""
    rows = [finding(*one) for one in found]
    office.database.replace(QUALITY_FINDINGS, filled("quality_findings", rows), {"school_year": YEAR})


def numbers(office):
    """Return the number of issue of each school's letter."""
    rows = office.database.read(DOCUMENTS, {"school_year": YEAR, "kind": KIND.kind})
    return dict(zip(rows["unit_code"], rows["issue_number"], strict=True))


def chosen(office, *codes, kinds=()):
    return chosen_documents(office, YEAR, DocumentsChoice(school_codes=list(codes), kinds=list(kinds)))


def issue(office, choice):
    return write_documents(office, YEAR, KIND, choice=choice)


def test_only_the_documents_of_the_named_school_are_written(office):
    issued = issue(office, chosen(office, f" {FIRST} "))
    assert [path.split("/")[-1][:6] for path in issued.written] == [FIRST]
    assert numbers(office) == {FIRST: 1}


def test_others_stand_though_their_data_changed_and_are_issued_by_the_next_whole_run(office):
    write_documents(office, YEAR, KIND)
    find(office, (FIRST, 18), (FIRST, 19))
    issue(office, chosen(office, FIRST))
    assert numbers(office) == {FIRST: 2, SECOND: 1}
    rows = office.database.read(DOCUMENTS, {"school_year": YEAR})
    assert all(office.reports.has(path) for path in rows["path"])
    whole = write_documents(office, YEAR, KIND)
    assert (whole.written, whole.unchanged_count, numbers(office)) == ((), 1, {FIRST: 2})


def test_a_named_school_loses_a_document_that_its_data_no_longer_support(office):
    write_documents(office, YEAR, KIND)
    find(office, (SECOND, 5))
    issue(office, chosen(office, FIRST))
    assert numbers(office) == {SECOND: 1}


def test_a_damaged_file_of_the_named_school_is_written_again(office):
    write_documents(office, YEAR, KIND)
    rows = office.database.read(DOCUMENTS, {"school_year": YEAR}).set_index("unit_code")
    for code in (FIRST, SECOND):
        office.reports.path(rows.loc[code, "path"]).write_bytes(b"spoilt")
    issue(office, chosen(office, FIRST))
    whole = [office.reports.has(rows.loc[code, "path"], rows.loc[code, "file_sha256"]) for code in (FIRST, SECOND)]
    assert whole == [True, False]


def test_kinds_that_were_not_named_are_not_looked_at(office):
    assert issue(office, chosen(office, kinds=["school_note"])).written == ()
    assert len(issue(office, chosen(office, kinds=[KIND.kind])).written) == 2
    assert not Choice(frozenset({FIRST})).wants_kind("municipality_note")


@pytest.mark.parametrize(
    ("asked", "near"),
    [("edu10l", f"{FIRST} — Лесная СОШ № 3"), ("sch101", FIRST), ("гимназия", f"{SECOND} — Гимназия № 7")],
)
def test_an_unknown_school_is_answered_with_near_ones(office, asked, near):
    with pytest.raises(SettingsError) as told:
        chosen(office, asked)
    assert f"ОО с кодом «{asked}» в {YEAR} учебном году нет. Похожие: {near}" in str(told.value)


def test_a_code_like_no_other_an_unknown_kind_and_a_year_without_schools_are_told(office):
    with pytest.raises(SettingsError, match=r"Всего их 3; например: edu101, edu102, edu900\."):
        chosen(office, "ъъъ")
    with pytest.raises(SettingsError, match=r"Вида документов «school_notes» нет\. Похожие: school_note — Справка"):
        chosen(office, kinds=["school_notes"])
    with pytest.raises(SettingsError, match="В этом году ОО ещё нет"):
        chosen_documents(office, "2024-2025", DocumentsChoice(school_codes=[FIRST]))


def run_letters(home, tags, **choice):
    """Materialise the letters as a launched run does; return the result."""
    [letters] = [one for one in document_assets_made() if one.op.name == KIND.asset]
    resources = {"workplace": WorkplaceResource(home=str(home), workers=1), "documents_choice": DocumentsChoice()}
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [letters],
            selection=[letters],
            instance=instance,
            partition_key=YEAR,
            resources=resources | {"documents_choice": DocumentsChoice(**choice)},
            tags=tags,
            raise_on_error=False,
        )


def test_a_run_for_schools_that_names_none_is_refused(office):
    result = run_letters(office.settings.home, {SCHOOLS_WANTED: "true"})
    [failure] = result.get_step_failure_events()
    assert "Не названа ни одна ОО" in failure.step_failure_data.error.cause.message
    assert numbers(office) == {}
    assert run_letters(office.settings.home, {SCHOOLS_WANTED: "true"}, school_codes=[SECOND]).success
    assert numbers(office) == {SECOND: 1}


def test_the_job_of_a_school_holds_every_asset_with_documents_of_schools_and_is_explained_in_russian():
    job = build_defs().resolve_job_def("documents_of_school")
    assert set(assets_of_schools()) <= set(job.graph.node_dict)
    assert "municipality_notes" not in job.graph.node_dict
    fields = job.run_config_schema.config_type.fields["resources"].config_type.fields["documents_choice"]
    described = fields.config_type.fields["config"].config_type.fields
    assert all(described[name].description[0] in "КВ" for name in ("school_codes", "kinds"))
    given = {"resources": {"documents_choice": {"config": {"school_codes": [FIRST]}}}}
    assert dg.validate_run_config(job, given)
