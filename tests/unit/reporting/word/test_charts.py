"""Native charts: every kind holds the numbers it was given, in the order of the schema, readable without colour."""

import itertools
from io import BytesIO

import pytest
from lxml import etree
from python_calamine import load_workbook

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.sections import chart, row, series, table
from oko_pipeline.reporting.word.chart_looks import ROLES
from oko_pipeline.reporting.word.chart_points import value_bounds
from oko_pipeline.reporting.word.charts import CHART_KINDS, chart_height, chart_parts, drawing_xml
from oko_pipeline.reporting.word.tables import SHADES, table_xml

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
YEARS = ["2021/22", "2022/23", "2023/24"]
STYLES = {name: name for name in ("table", "cell", "number", "header", "group", "chart")}
# ECMA-376, part 1, 21.2.2: order of the children that these charts use.
ORDERS = {
    "ser": [
        "idx",
        "order",
        "tx",
        "spPr",
        "invertIfNegative",
        "marker",
        "dPt",
        "dLbls",
        "errBars",
        "xVal",
        "cat",
        "val",
        "yVal",
        "smooth",
    ],
    "errBars": ["errDir", "errBarType", "errValType", "noEndCap", "plus", "minus", "val", "spPr"],
    "dLbl": [
        "idx",
        "tx",
        "numFmt",
        "spPr",
        "txPr",
        "dLblPos",
        "showLegendKey",
        "showVal",
        "showCatName",
        "showSerName",
        "showPercent",
        "showBubbleSize",
        "separator",
    ],
    "lineChart": ["grouping", "varyColors", "ser", "dLbls", "marker", "axId"],
    "barChart": ["barDir", "grouping", "varyColors", "ser", "gapWidth", "overlap", "axId"],
    "scatterChart": ["scatterStyle", "varyColors", "ser", "axId"],
    "valAx": [
        "axId",
        "scaling",
        "delete",
        "axPos",
        "majorGridlines",
        "title",
        "numFmt",
        "majorTickMark",
        "minorTickMark",
        "tickLblPos",
        "spPr",
        "txPr",
        "crossAx",
        "crosses",
        "crossBetween",
        "majorUnit",
    ],
}


def examples():
    base = {"value_title": "доля, %"}
    marks = [series("«2»", "mark_2", [10, 20]), series("«5»", "mark_5", [90, 80])]
    bounds = {"low": [40.0, 50.5], "high": [70.0, 73.0]}
    return {
        "stacked": chart("stacked", "c", "a", ["школа", "округ"], marks),
        "histogram": chart("histogram", "c", "a", ["0", "1"], [series("участников", "plain", [3, 4])]),
        "profile": chart(
            "profile", "c", "a", ["1", "2"], [series("Б", "base", [50, None]), series("округ", "benchmark", [40, 60])]
        ),
        "bars": chart("bars", "c", "a", ["А", "Б"], [series("доля", "plain", [12.5, 70.0], own=[1])], **base),
        "line": chart(
            "line", "c", "a", YEARS,
            [series("школа", "own", [50.0, 55.5, 60.0]), series("округ", "municipality", [70.0, None, 80.0])], **base,
        ),
        "interval": chart(
            "interval", "c", "a", ["А", "Б"],
            [series("школа", "own", [55.0, 61.3], **bounds), series("норма", "benchmark", [60, 60])], **base,
        ),
        "funnel": chart(
            "funnel", "c", "a", [],
            [
                series("ОО", "plain", [50.0, 60.0, 40.5], x=[20, 30, 60], labels=[None, None, "edu1"]),
                series("эта ОО", "own", [70.0], x=[45]),
                series("95 %", "limit", [70, 60], x=[60, 20]),
                series("95 %", "limit", [50, 40], x=[60, 20]),
            ], **base,
        ),
        "strip": chart(
            "strip", "c", "a", ["edu1", "edu2", " ", "edu3"],
            [
                series("ОО", "plain", [50.0, None, None, 60.0]),
                series("эта ОО", "own", [None, 44.5, None, None]),
                series("среднее", "benchmark", [47, 47, None, 60]),
            ], groups=["А", "", "", "Б"], **base,
        ),
        "before_after": chart(
            "before_after", "c", "a", ["А", "Б", "В"],
            [series("было", "before", [50.0, 60.0, None]), series("стало", "after", [55.5, 58.0, 70.0])], **base,
        ),
    }  # fmt: skip


SPECS = examples()


def parsed(spec):
    return etree.fromstring(chart_parts(spec)[0])


def drawn_series(root):
    found = set()
    for one in root.iter(f"{C}ser"):
        values = one.find(f"{C}val") if one.find(f"{C}val") is not None else one.find(f"{C}yVal")
        found.add((one.findtext(f"{C}tx//{C}v"), *(float(v.text) for v in values.iter(f"{C}v"))))
    return found


def test_there_is_an_example_of_every_kind():
    assert set(SPECS) == set(CHART_KINDS)


@pytest.mark.parametrize("kind", SPECS)
def test_a_chart_holds_exactly_the_numbers_of_its_specification(kind):
    expected = {(one["name"], *sorted(v for v in one["values"] if v is not None)) for one in SPECS[kind]["series"]}
    found = {(name, *sorted(values)) for name, *values in drawn_series(parsed(SPECS[kind]))}
    assert found == expected


@pytest.mark.parametrize("kind", SPECS)
def test_elements_stand_in_the_order_that_word_demands(kind):
    checked = 0
    for element in parsed(SPECS[kind]).iter():
        order = ORDERS.get(etree.QName(element).localname)
        if order is None:
            continue
        places = [order.index(etree.QName(child).localname) for child in element]
        assert places == sorted(places), etree.tostring(element)
        checked += 1
    assert checked > 2


@pytest.mark.parametrize("kind", SPECS)
def test_the_workbook_holds_the_cells_that_the_chart_refers_to(kind):
    xml, workbook = chart_parts(SPECS[kind])
    cells = load_workbook(BytesIO(workbook)).get_sheet_by_index(0).to_python()
    compared = 0
    for numbers in etree.fromstring(xml).iter(f"{C}numRef", f"{C}strRef"):
        column, first = numbers.findtext(f"{C}f").removeprefix("Sheet1!$").split(":")[0].split("$")
        for point in numbers.iter(f"{C}pt"):
            cell = cells[int(first) - 1 + int(point.get("idx"))][ord(column) - ord("A")]
            value = point.findtext(f"{C}v")
            assert cell == pytest.approx(float(value)) if numbers.tag == f"{C}numRef" else str(cell) == value
            compared += 1
    assert compared > 3


def test_a_workbook_is_the_same_for_the_same_numbers():
    assert chart_parts(SPECS["interval"]) == chart_parts(examples()["interval"])


def test_intervals_reach_from_the_lower_to_the_upper_bound():
    bars = parsed(SPECS["interval"]).find(f".//{C}errBars")
    assert [float(v.text) for v in bars.find(f"{C}minus").iter(f"{C}v")] == pytest.approx([15.0, 10.8])
    assert [float(v.text) for v in bars.find(f"{C}plus").iter(f"{C}v")] == pytest.approx([15.0, 11.7])


def test_intervals_of_two_units_stand_side_by_side_under_one_name():
    two = [
        series("школа", "own", [55.0, 61.0], low=[50, 58], high=[60, 63]),
        series("округ", "municipality", [50.0, None], low=[48, None], high=[52, None]),
    ]
    root = parsed(chart("interval", "c", "a", ["Русский язык", "Математика"], two))
    places = [[int(p.get("idx")) for p in one.find(f"{C}val").iter(f"{C}pt")] for one in root.iter(f"{C}ser")]
    assert not set(places[0]) & set(places[1])
    names = [p.findtext(f"{C}v") for p in root.find(f".//{C}cat").iter(f"{C}pt") if p.findtext(f"{C}v").strip()]
    assert names == ["Русский язык", "Математика"]


def test_lines_of_a_funnel_go_from_few_to_many_participants_and_share_a_name_in_the_legend():
    root = parsed(SPECS["funnel"])
    limit = [one for one in root.iter(f"{C}ser") if one.findtext(f"{C}tx//{C}v") == "95 %"]
    assert [v.text for v in limit[0].find(f"{C}xVal").iter(f"{C}v")] == ["20", "60"]
    assert [v.text for v in limit[0].find(f"{C}yVal").iter(f"{C}v")] == ["60", "70"]
    assert len(root.findall(f".//{C}legendEntry/{C}delete")) == 1
    assert "edu1" in [t.text for t in root.iter(f"{A}t")]


def test_a_strip_keeps_the_order_of_codes_and_names_the_own_unit():
    root = parsed(SPECS["strip"])
    level = root.find(f".//{C}multiLvlStrCache/{C}lvl")
    assert [v.text for v in level.iter(f"{C}v")] == ["edu1", "edu2", " ", "edu3"]
    named = [one for one in root.iter(f"{C}ser") if one.find(f"{C}dLbls/{C}showSerName[@val='1']") is not None]
    assert [one.findtext(f"{C}tx//{C}v") for one in named] == ["эта ОО"]


def test_names_stand_at_the_ends_of_lines_unless_they_would_run_into_each_other():
    assert parsed(SPECS["line"]).find(f".//{C}legend") is None
    close = [series("школа", "own", [50.0, 60.0]), series("округ", "municipality", [40.0, 60.1])]
    assert parsed(chart("line", "c", "a", YEARS[:2], close)).find(f".//{C}legend") is not None


def test_a_gap_in_a_line_stays_a_gap():
    root = parsed(SPECS["line"])
    assert [p.get("idx") for p in list(root.iter(f"{C}val"))[1].iter(f"{C}pt")] == ["0", "2"]
    assert root.find(f".//{C}dispBlanksAs").get("val") == "gap"


@pytest.mark.parametrize("kind", ["line", "interval", "funnel", "strip"])
def test_series_differ_without_colour(kind):
    looks = []
    for one in SPECS[kind]["series"]:
        role = ROLES[one["role"]]
        looks.append((role.symbol, role.dash))
    names = [one["name"] for one in SPECS[kind]["series"]]
    assert len(set(zip(names, looks, strict=True))) == len(set(looks)) == len(set(names))


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ROLES)
def test_inks_and_labels_can_be_read(name):
    role = ROLES[name]
    # Inks also write the names at the ends of lines.
    assert contrast(role.ink, "FFFFFF") >= 4.5
    assert contrast(role.label, "FFFFFF" if role.pattern else role.fill) >= 4.5


@pytest.mark.parametrize("name", SHADES)
def test_black_text_can_be_read_on_every_shade(name):
    assert contrast("000000", SHADES[name].ground) >= 7


def test_zones_differ_by_a_sign_or_by_lightness():
    zones = [(SHADES[name].sign, round(luminance(SHADES[name].ground), 1)) for name in ("red", "yellow", "green")]
    assert len({sign for sign, _ in zones}) == 3


def test_bounds_hold_all_points_and_intervals_and_end_at_100_percent():
    spec = chart(
        "interval", "c", "a", ["А"], [series("ш", "own", [97.0], low=[88.0], high=[99.5])], value_title="доля, %"
    )
    low, high, step = value_bounds(spec)
    assert low <= 88
    assert high == 100
    assert step > 0
    empty = chart("line", "c", "a", [], [series("ш", "own", [])])
    assert value_bounds(empty)[0] < value_bounds(empty)[1]


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-3.4, 2.2), (0.1, 0.4), (1200, 48000), (50, 50)])
def test_bounds_are_round_and_around_any_numbers(low, high):
    bottom, top, step = value_bounds(chart("line", "c", "a", ["1", "2"], [series("ш", "own", [low, high])]))
    assert bottom <= low <= high < top
    assert (top - bottom) / step <= 11
    assert bottom % step == pytest.approx(0, abs=1e-9)


def test_an_unknown_role_and_an_unknown_kind_are_named():
    with pytest.raises(ContractError, match="golden"):
        chart_parts(chart("bars", "c", "a", ["А"], [series("ш", "golden", [1])]))
    with pytest.raises(ContractError, match="pie"):
        chart_parts(chart("pie", "c", "a", ["А"], [series("ш", "own", [1])]))


def test_bars_get_the_height_they_need_and_no_more_than_they_fill():
    many = chart("bars", "c", "a", [str(n) for n in range(30)], [series("ш", "own", [1] * 30)])
    assert chart_height(many) > 150
    assert chart_height(SPECS["bars"]) < 50
    one = chart("stacked", "c", "a", ["школа"], SPECS["stacked"]["series"])
    assert chart_height(one) < chart_height(SPECS["stacked"]) < 75
    assert chart_height(SPECS["line"]) == chart_height(SPECS["histogram"]) == 75
    assert 'cy="2700000"' in drawing_xml(SPECS["line"], "rId1", 1, 9600, "chart")


def test_names_with_signs_of_xml_survive():
    spec = chart("bars", "c", 'сказано "так"', ["А & <Б>"], [series("<доля> & «часть»", "own", [1])])
    root = parsed(spec)
    assert root.findtext(f".//{C}tx//{C}v") == "<доля> & «часть»"
    assert root.find(f".//{C}cat").findtext(f".//{C}v") == "А & <Б>"
    assert "&quot;так&quot;" in drawing_xml(spec, "rId1", 1, 9600, "chart") or "'сказано" in drawing_xml(
        spec, "rId1", 1, 9600, "chart"
    )


def text_cells(xml):
    root = etree.fromstring(xml.replace("<w:tbl>", '<w:tbl xmlns:w="w">', 1))
    return root, [["".join(cell.itertext()) for cell in line.iter("{w}tc")] for line in root.iter("{w}tr")]


def test_shaded_cells_have_a_ground_and_a_sign():
    spec = table(
        "Задания", [("Класс", 2, "text"), ("1", 1, "number"), ("2", 1, "number"), ("3", 1, "number")],
        [row("5А", "40", "58", "80", shades=[None, "red", "yellow", "green"])],
    )  # fmt: skip
    root, cells = text_cells(table_xml(spec, 9600, STYLES))
    assert cells[1] == ["5А", "▼\u00a040", "●\u00a058", "80"]
    assert [shade.get("{w}fill") for shade in root.iter("{w}shd")] == [SHADES["red"].ground, SHADES["yellow"].ground]


def test_a_sign_that_the_text_has_is_not_written_twice():
    spec = table("Т", [("а", 1, "text")], [{"cells": [{"text": "3▼", "shade": "red"}], "kind": "plain"}])
    assert text_cells(table_xml(spec, 9600, STYLES))[1][1] == ["3▼"]


def test_an_unknown_shade_is_named():
    with pytest.raises(ContractError, match="purple"):
        table_xml(table("Т", [("а", 1, "text")], [row("1", shades=["purple"])]), 9600, STYLES)


def test_a_dense_table_takes_smaller_letters_and_turns_long_titles():
    columns = [("Класс", 2, "text"), *((f"Задание номер {n}", 1, "number") for n in range(14))]
    xml = table_xml(table("Т", columns, [row("5А", *["1"] * 14)]), 9600, STYLES)
    assert 'w:val="btLr"' in xml
    assert '<w:sz w:val="16"/>' in xml
    plain = table_xml(table("Т", [("Класс", 2, "text"), ("n", 1, "number")], [row("5А", "1")]), 9600, STYLES)
    assert "btLr" not in plain
    assert "<w:sz " not in plain


def test_widths_fill_the_page():
    width = 9638
    for count in itertools.chain(range(1, 30, 7)):
        spec = table("Т", [("а", 1.3, "text")] * count, [row(*["1"] * count)])
        root, _ = text_cells(table_xml(spec, width, STYLES))
        assert sum(int(one.get("{w}w")) for one in root.iter("{w}gridCol")) == width
