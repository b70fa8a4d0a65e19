import hashlib
import pickle
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from docx import Document
from lxml import etree
from python_calamine import load_workbook

from oko_pipeline.errors import TemplateError
from oko_pipeline.reporting.defaults.book import build
from oko_pipeline.reporting.fingerprint import context_sha256
from oko_pipeline.reporting.vpr.contexts import municipality_note, school_note
from oko_pipeline.reporting.word.render import Stamp, render_note

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"


def blocks(value, kind):
    """Specifications of a kind in the order of a context's keys."""
    if isinstance(value, dict):
        if value.get("block") == kind:
            yield value
        else:
            for item in value.values():
                yield from blocks(item, kind)
    elif isinstance(value, list):
        for item in value:
            yield from blocks(item, kind)


def text_of(element):
    return "".join(t.text or "" for t in element.iter(f"{W}t"))


def tables_of(body):
    return [
        [[text_of(cell) for cell in row.iter(f"{W}tc")] for row in table.iter(f"{W}tr")]
        for table in body.iter(f"{W}tbl")
    ]


@pytest.fixture(scope="module")
def contexts(request):
    spring = request.getfixturevalue("spring")
    return {
        "school_note": school_note(spring, "edu990401"),
        "municipality_note": municipality_note(spring, "reg99_m101"),
    }


@pytest.fixture(scope="module")
def rendered(contexts):
    stamp = Stamp(datetime(2026, 11, 22, 6, 10, tzinfo=UTC), "0.1.0+abc1234")
    return {kind: render_note(kind, context, stamp) for kind, context in contexts.items()}


@pytest.fixture(params=["school_note", "municipality_note"])
def kind(request):
    return request.param


@pytest.fixture
def document(rendered, kind):
    return Document(BytesIO(rendered[kind]))


def test_every_cell_of_every_table_reads_back(contexts, document, kind):
    expected = {
        (tuple(column["title"] for column in spec["columns"]), *(tuple(row["cells"]) for row in spec["rows"]))
        for spec in blocks(contexts[kind], "table")
    }
    found = {tuple(tuple(row) for row in table) for table in tables_of(document.element.body)}
    assert len(expected) > 10
    assert found == expected


def test_every_chart_carries_the_numbers_of_the_context(contexts, rendered, kind):
    expected = sorted(
        [(series["name"], [v for v in series["values"] if v is not None]) for series in spec["series"]]
        for spec in blocks(contexts[kind], "chart")
    )
    found = []
    with zipfile.ZipFile(BytesIO(rendered[kind])) as archive:
        for name in archive.namelist():
            if name.startswith("word/charts/chart"):
                root = etree.fromstring(archive.read(name))
                found.append([
                    (series.findtext(f"{C}tx//{C}v"), [float(v.text) for v in series.iterfind(f"{C}val//{C}v")])
                    for series in root.iter(f"{C}ser")
                ])  # fmt: skip
    assert len(found) > 10
    assert sorted(found) == expected


def test_embedded_workbooks_hold_the_same_numbers(contexts, rendered):
    spec = next(blocks(contexts["school_note"], "chart"))
    with zipfile.ZipFile(BytesIO(rendered["school_note"])) as archive:
        sheet = load_workbook(BytesIO(archive.read("word/embeddings/Microsoft_Excel_Sheet1.xlsx"))).get_sheet_by_index(
            0
        )
    rows = sheet.to_python()
    assert rows[0][1:] == [series["name"] for series in spec["series"]]
    assert [row[0] for row in rows[1:]] == spec["categories"]
    assert [row[1] if row[1] != "" else None for row in rows[1:]] == spec["series"][0]["values"]


def test_no_tag_and_no_mark_is_left(rendered, kind):
    with zipfile.ZipFile(BytesIO(rendered[kind])) as archive:
        for name in archive.namelist():
            if name.startswith(("word/document", "word/footer", "word/header", "docProps/core")):
                xml = archive.read(name).decode()
                assert "{{" not in xml
                assert "{%" not in xml
                assert "oko-block" not in xml


def test_findings_and_titles_are_in_the_text(contexts, document, kind):
    text = "\n".join(text_of(p) for p in document.element.body.iter(f"{W}p"))
    context = contexts[kind]
    for statement in context["statements"]:
        assert statement["text"] in text
        for point in statement["points"]:
            assert point in text
    assert context["unit_name"] in text
    assert "<часть> числа & процент" in text


def test_contents_list_all_headings_with_their_numbers(document):
    headings, counters = [], [0, 0]
    for paragraph in document.paragraphs:
        if paragraph.style.name == "Heading 1":
            counters = [counters[0] + 1, 0]
            headings.append(f"{counters[0]}\u2002{paragraph.text}")
        elif paragraph.style.name == "Heading 2":
            counters[1] += 1
            headings.append(f"{counters[0]}.{counters[1]}\u2002{paragraph.text}")
        elif paragraph.style.name == "ОКО Приложение":
            headings.append(paragraph.text)
    entries = [text_of(p._p) for p in document.paragraphs if p.style.name in ("TOC 1", "TOC 2", "toc 1", "toc 2")]
    assert len(headings) > 10
    assert entries == headings
    assert any("TOC" in (e.text or "") for e in document.element.body.iter(f"{W}instrText"))


def test_contents_lead_to_the_headings(document):
    anchors = [link.get(f"{W}anchor") for link in document.element.body.iter(f"{W}hyperlink")]
    bookmarks = {b.get(f"{W}name"): text_of(b.getparent()) for b in document.element.body.iter(f"{W}bookmarkStart")}
    assert len(anchors) == len(set(anchors)) > 10
    assert bookmarks[anchors[0]] == "Главное"


def test_captions_count_without_gaps(document):
    captions = [text_of(p._p) for p in document.paragraphs if p.style.name in ("Caption", "ОКО Подпись рисунка")]
    for word, element in (("Таблица", f"{W}tbl"), ("Рисунок", f"{W}drawing")):
        numbers = [int(c.split(" ")[0].split("\u00a0")[1]) for c in captions if c.startswith(word)]
        assert numbers == list(range(1, len(list(document.element.body.iter(element))) + 1))


def test_every_chart_tells_its_finding_in_words(document):
    described = [d.get("descr") for d in document.element.body.iter(f"{WP}docPr")]
    assert described
    assert all(len(text) > 40 and any(c.isdigit() for c in text) for text in described)
    ids = [d.get("id") for d in document.element.body.iter(f"{WP}docPr")]
    assert len(ids) == len(set(ids))


def test_every_table_repeats_its_header_and_keeps_rows_whole(document):
    for table in document.element.body.iter(f"{W}tbl"):
        rows = list(table.iter(f"{W}tr"))
        assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        assert table.find(f"{W}tblPr/{W}tblCaption").get(f"{W}val")


def test_tables_fit_their_page(document):
    widths = iter([s.page_width - s.left_margin - s.right_margin for s in document.sections])
    width = next(widths)
    tables = 0
    for element in document.element.body.iter(f"{W}tbl", f"{W}sectPr"):
        if element.tag == f"{W}sectPr":
            width = next(widths, None)
            continue
        tables += 1
        assert sum(int(c.get(f"{W}w")) for c in element.iter(f"{W}gridCol")) * 635 == pytest.approx(width, abs=1300)
    assert tables > 10


def test_numbers_stand_right_and_language_is_russian(document):
    number = document.styles["ОКО Число"]
    assert number.paragraph_format.alignment == 2
    language = document.styles.element.find(f".//{W}docDefaults//{W}lang")
    assert language.get(f"{W}val") == "ru-RU"
    assert document.core_properties.language == "ru-RU"


def test_marks_stand_on_a_landscape_page(document):
    orientations = [section.orientation for section in document.sections]
    assert orientations == [0, 0, 1, 0]


def test_campaign_without_marks_has_no_landscape_page_and_keeps_the_footer(spring, stamp):
    context = school_note(spring, "edu990408")
    document = Document(BytesIO(render_note("school_note", context, stamp)))
    assert [section.orientation for section in document.sections] == [0, 0]
    assert document.sections[0].first_page_footer.is_linked_to_previous
    assert context["unit_name"] in text_of(document.sections[1].footer._element)


def test_stamp_is_printed_and_written_into_properties(document):
    text = "\n".join(p.text for p in document.paragraphs)
    assert "22\u00a0ноября 2026\u00a0г., 06:10 (UTC)" in text
    assert "версии 0.1.0+abc1234" in text
    assert document.core_properties.created == datetime(2026, 11, 22, 6, 10, tzinfo=UTC)


def test_same_arguments_give_the_same_bytes(contexts, rendered, kind, stamp):
    assert hashlib.sha256(render_note(kind, contexts[kind], stamp)).digest() == hashlib.sha256(rendered[kind]).digest()


def test_time_changes_the_document_but_not_the_fingerprint(contexts, rendered, kind, stamp):
    later = replace(stamp, rendered_at=stamp.rendered_at + timedelta(days=1))
    before = context_sha256(contexts[kind])
    assert render_note(kind, contexts[kind], later) != rendered[kind]
    assert context_sha256(contexts[kind]) == before
    assert before[:16] in text_of(Document(BytesIO(rendered[kind])).element.body)


def test_arguments_and_result_cross_a_process_border(contexts, stamp):
    function, arguments = pickle.loads(pickle.dumps((render_note, ("school_note", contexts["school_note"], stamp))))  # noqa: S301
    assert function(*arguments).startswith(b"PK")


def test_package_names_every_part_once_and_its_type(rendered, kind):
    with zipfile.ZipFile(BytesIO(rendered[kind])) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert len(names) == len(set(names))
        types = archive.read("[Content_Types].xml").decode()
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
    charts = [name for name in names if name.startswith("word/charts/chart")]
    assert all(f'PartName="/{name}"' in types for name in charts)


def test_own_template_takes_the_place_of_ours(contexts, stamp, tmp_path):
    document = Document(BytesIO(build("school_note")))
    document.paragraphs[0].insert_paragraph_before("Особый бланк {{ territory }}")
    document.save(tmp_path / "school_note.docx")
    content = render_note("school_note", contexts["school_note"], stamp, tmp_path)
    assert Document(BytesIO(content)).paragraphs[0].text == "Особый бланк Энский край"
    ours = render_note("municipality_note", contexts["municipality_note"], stamp, tmp_path)
    assert "Особый бланк" not in Document(BytesIO(ours)).paragraphs[0].text


def test_analyst_may_reorder_sections_and_the_contents_follow(contexts, stamp, tmp_path):
    document = Document(BytesIO(build("school_note")))
    heading = next(p for p in document.paragraphs if p.text == "Происхождение данных")
    heading.text = "Откуда данные"
    document.save(tmp_path / "school_note.docx")
    body = Document(BytesIO(render_note("school_note", contexts["school_note"], stamp, tmp_path))).element.body
    assert any(text_of(link) == "7\u2002Откуда данные" for link in body.iter(f"{W}hyperlink"))


def test_updated_contents_of_a_saved_template_are_replaced_whole(contexts, stamp, tmp_path):
    """Word writes entries of its own into the template when an analyst updates the contents there."""
    document = Document(BytesIO(build("school_note")))
    field = next(p for p in document.paragraphs if "TOC" in "".join(e.text or "" for e in p._p.iter(f"{W}instrText")))
    end = [r for r in field._p.iter(f"{W}r") if r.find(f"{W}fldChar") is not None][-1]
    extra = document.add_paragraph("Старая строка содержания")
    field._p.addnext(extra._p)
    extra._p.append(end)
    document.save(tmp_path / "school_note.docx")
    made = Document(BytesIO(render_note("school_note", contexts["school_note"], stamp, tmp_path)))
    assert "Старая строка содержания" not in [p.text for p in made.paragraphs]
    kinds = [m.get(f"{W}fldCharType") for m in made.element.body.iter(f"{W}fldChar")]
    assert kinds.count("begin") == kinds.count("separate") == kinds.count("end")


def test_control_characters_do_not_break_the_document(contexts, stamp):
    context = contexts["school_note"] | {"unit_name": "Школа\x02 \t№\n1 {{ title }}"}
    document = Document(BytesIO(render_note("school_note", context, stamp)))
    assert any("Школа  \u00a0".replace("\u00a0", "") in p.text and "{{ title }}" in p.text for p in document.paragraphs)


def test_missing_template_folder_is_no_obstacle_and_a_bad_file_is_named(contexts, stamp, tmp_path):
    assert render_note("school_note", contexts["school_note"], stamp, tmp_path / "none").startswith(b"PK")
    (tmp_path / "school_note.docx").write_bytes(b"not a document")
    with pytest.raises(TemplateError, match="не открывается"):
        render_note("school_note", contexts["school_note"], stamp, tmp_path)
    with pytest.raises(TemplateError, match="other_note"):
        render_note("other_note", contexts["school_note"], stamp)


def test_missing_style_is_named(contexts, stamp, tmp_path):
    document = Document(BytesIO(build("school_note")))
    document.styles["ОКО Число"].element.getparent().remove(document.styles["ОКО Число"].element)
    document.save(tmp_path / "school_note.docx")
    with pytest.raises(TemplateError, match="ОКО Число"):
        render_note("school_note", contexts["school_note"], stamp, tmp_path)
