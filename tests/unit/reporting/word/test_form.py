"""Form of documents: no row, heading or section alone, numbers of captions where texts refer to them."""

import copy
import io
import re
import zipfile
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from lxml import etree

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.defaults.look import prepare
from oko_pipeline.reporting.defaults.writer import Writer, write_footer
from oko_pipeline.reporting.sections import chart, reference, row, section, series, table
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.tables import table_xml

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STYLES = {name: name for name in ("table", "cell", "number", "header", "group", "chart")}


@pytest.fixture
def issued(tmp_path):
    """Return a function that writes a template with `write` and renders a context by it."""

    def issue(write, **context):
        document = Document()
        prepare(document)
        writer = Writer(document)
        writer.title_page("{{ unit_name }}")
        write(writer)
        write_footer(document, "{{ title }}")
        document.save(tmp_path / "letter.docx")
        said = {
            "title": "Справка", "unit_name": "ОО", "school_year": "2020/21", "authority": "Управление", "territory": "",
            "approval_position": "Директор", "changes": None, "provenance": None,
        } | context  # fmt: skip
        return render_note("letter", said, Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1.0"), tmp_path)

    return issue


def body(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return etree.fromstring(archive.read("word/document.xml")).find(f"{W}body")


def texts(content):
    return ["".join(t.text or "" for t in p.iter(f"{W}t")) for p in body(content).iter(f"{W}p")]


def wide(names):
    def write(writer):
        for name in names:
            writer.section(name, f"Раздел {name}", wide=True)
        writer.signature()

    return write


MARKS = table("Отметки", [("а", 1, "text")], [row("1"), row("2")], name="tbl_marks")


def test_a_wide_section_takes_its_heading_with_it_and_leaves_no_empty_page(issued):
    content = issued(
        wide("abc"), a=section(tables=[MARKS], note="К таблице."), b=section(tables=[MARKS]), c=section(text=["Текст."])
    )
    sections = list(Document(io.BytesIO(content)).sections)
    assert [one.page_width > one.page_height for one in sections] == [False, True, True, False]
    children = [child for child in body(content) if child.tag == f"{W}p"]
    breaks = [n for n, child in enumerate(children) if child.find(f"{W}pPr/{W}sectPr") is not None]
    assert all(after - before > 1 for before, after in pairwise(breaks))
    landscape = texts(content)
    assert landscape.index("Раздел a") < landscape.index("К таблице.") < landscape.index("Раздел b")


def test_pages_are_numbered_above_and_named_below_but_for_the_first(issued):
    document = Document(io.BytesIO(issued(wide("a"), a=section(tables=[MARKS]))))
    for one in document.sections:
        assert "PAGE" in one.header._element.xml
        assert one.header.paragraphs[0].style.paragraph_format.alignment == WD_ALIGN_PARAGRAPH.CENTER
        assert one.footer.paragraphs[0].text == "Справка"
    assert [one.different_first_page_header_footer for one in document.sections] == [True, False, False]


@pytest.mark.parametrize(("count", "alone"), [(1, 0), (2, 0), (5, 0), (9, 5)])
def test_no_row_stands_alone_at_the_end_or_the_beginning_of_a_page(count, alone):
    xml = table_xml(table("Т", [("а", 1, "text")], [row(str(n)) for n in range(count)]), 9000, STYLES)
    root = etree.fromstring(xml.replace("<w:tbl>", f'<w:tbl xmlns:w="{W[1:-1]}">', 1))
    keeps = [line.find(f".//{W}keepNext") is not None for line in root.iter(f"{W}tr")]
    assert keeps[0]
    assert not keeps[-1]
    if count > 1:
        assert keeps[1]
        assert keeps[-2]
    assert keeps[1:-1].count(False) == alone


def test_tall_rows_are_parted_lest_their_heading_stand_alone_on_a_page():
    spec = table("Рекомендации", [("Что", 1, "text"), ("Почему", 1, "text")], [row("а", "слово " * 150)] * 3)
    root = etree.fromstring(table_xml(spec, 9000, STYLES).replace("<w:tbl>", f'<w:tbl xmlns:w="{W[1:-1]}">', 1))
    keeps = [line.find(f".//{W}keepNext") is not None for line in root.iter(f"{W}tr")]
    assert keeps == [True, False, False, False]


def test_headers_grow_smaller_before_they_are_turned():
    def size(width):
        xml = table_xml(table("Т", [("Участников", 1, "number")], [row("1")]), width, STYLES)
        return re.findall(r'<w:sz w:val="(\d+)"/>', xml), "btLr" in xml

    assert size(1500) == ([], False)
    assert size(1250) == (["18"], False)
    assert size(600) == ([], True)


def test_a_title_that_must_be_turned_does_not_turn_those_that_fit_in_smaller_letters():
    columns = [("Работа", 3, "text"), ("Участников", 1.25, "number"), ("Не приступали, %", 0.6, "number")]
    xml = table_xml(table("Т", columns, [row("1", "2", "3")]), 4850, STYLES)
    assert xml.count("btLr") == 1
    assert xml.count('<w:sz w:val="18"/>') == 3


def test_a_text_of_a_context_refers_to_a_table_and_a_chart_by_name(issued):
    drawn = chart("bars", "Столбцы", "Больше всего — Б", ["А", "Б"], [series("а", "own", [1, 2])], name="fig_bars")
    said = f"См. таблицу {reference('tbl_marks')} и рисунок {reference('fig_bars')}."
    other = table("Первая", [("а", 1, "text")], [row("1")])
    content = issued(
        lambda writer: writer.section("a", "Раздел"), a=section(text=[said], tables=[other, MARKS], charts=[drawn])
    )
    assert "См. таблицу 2 и рисунок 1." in texts(content)
    root = body(content)
    instructions = [one.text.split()[:2] for one in root.iter(f"{W}instrText") if "REF" in one.text]
    assert instructions == [["REF", "tbl_marks"], ["REF", "fig_bars"]]
    names = [one.get(f"{W}name") for one in root.iter(f"{W}bookmarkStart")]
    assert {"tbl_marks", "fig_bars"} < set(names)
    ids = [one.get(f"{W}id") for one in root.iter(f"{W}bookmarkStart")]
    assert len(ids) == len(set(ids))


def test_a_fixed_text_of_a_template_refers_to_a_caption(issued):
    def write(writer):
        writer.referring("Как видно из таблицы {ref:tbl_own}, всё есть.")
        writer.table_caption("Всё", "tbl_own")
        writer.block("own")

    content = issued(write, own=copy.deepcopy(MARKS) | {"name": ""})
    assert "Как видно из таблицы 1, всё есть." in texts(content)


def test_a_reference_to_nothing_is_named(issued):
    with pytest.raises(ContractError, match="tbl_gone"):
        issued(lambda writer: writer.section("a", "Раздел"), a=section(text=[f"См. {reference('tbl_gone')}."]))


def test_the_document_shows_no_picture_of_its_template(issued):
    content = issued(lambda writer: writer.section("a", "Раздел"), a=None)
    assert not [name for name in zipfile.ZipFile(io.BytesIO(content)).namelist() if "thumbnail" in name]
