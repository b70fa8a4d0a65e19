"""Every report and every document that the programmes name is written by a kind of document."""

from fnmatch import fnmatchcase
from importlib.resources import files

import pytest

from oko_pipeline.catalogue.documents import document_kinds, issued_kinds, read_document_kinds
from oko_pipeline.catalogue.programmes import register_duties
from oko_pipeline.errors import CatalogueError
from oko_pipeline.reporting.kinds import BUILDERS

NO_DOCUMENT = {"none", "unspecified"}
"""Words of the register that name no document."""

HEAD = (
    "kind: {}, family: 1, title_ru: А, description_ru: Б, asset: c, unit_level: school, profile: school, folder_ru: Д"
)


def test_every_family_of_documents_is_there():
    assert {kind.family for kind in document_kinds().values()} == set(range(1, 16))


def test_every_kind_is_built_and_has_a_template():
    shipped = {path.name.removesuffix(".docx") for path in files("report_templates").iterdir()}
    for name, kind in document_kinds().items():
        assert kind.is_campaign or name in BUILDERS, name
        assert name in shipped or name == "annotated_workbook", name
    assert set(BUILDERS) <= set(document_kinds())


def test_every_report_of_the_register_is_a_kind():
    patterns = [pattern for kind in document_kinds().values() for pattern in kind.duties]
    reports = [duty.duty_id for duty in register_duties() if duty.kind == "report"]
    assert len(reports) == 71
    without = [one for one in reports if not any(fnmatchcase(one, pattern) for pattern in patterns)]
    assert without == []


def test_duties_of_kinds_exist():
    known = [duty.duty_id for duty in register_duties()]
    for kind in document_kinds().values():
        unknown = [pattern for pattern in kind.duties if not any(fnmatchcase(one, pattern) for one in known)]
        assert unknown == [], kind.kind


def test_every_document_word_of_the_register_is_a_kind():
    words = {word for duty in register_duties() for word in duty.documents} - NO_DOCUMENT
    known = {word for kind in document_kinds().values() for word in kind.words}
    assert words - known == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"kinds: [{{{HEAD.format('a')}, tables: [nowhere]}}]", "нет таблицы nowhere"),
        (f"kinds: [{{{HEAD.format('a')}, tables: [schools]}}, {{{HEAD.format('a')}, tables: [schools]}}]", "дважды"),
        (f"kinds: [{{{HEAD.format('a')}, tables: []}}]", "tables"),
        (f"kinds: [{{{HEAD.format('a')}, tables: [schools], family: 16}}]", "family"),
    ],
)
def test_faults_of_the_catalogue_are_told(text, said):
    with pytest.raises(CatalogueError, match=said):
        read_document_kinds({"own.yaml": text})


def test_a_territory_names_the_kinds_that_it_issues():
    assert issued_kinds("all") == set(document_kinds())
    assert issued_kinds("school_note, quality_letter,") == {"school_note", "quality_letter"}
    with pytest.raises(CatalogueError, match=r"OKO_DOCUMENTS.+scool_note\..+school_note"):
        issued_kinds("quality_letter,scool_note")
    with pytest.raises(CatalogueError, match="Не назван ни один"):
        issued_kinds(" , ")
