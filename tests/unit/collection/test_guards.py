"""The extent of a worksheet, taken from the references of its cells."""

import pytest

from oko_pipeline.collection.guards import scan_sheet


@pytest.mark.parametrize(
    ("rows", "extent"),
    [
        (
            b'<row r="1"><c r="A1" s="1"/><c r="AX1" t="s"/></row><row r="1048576"><c r="B1048576"/></row>',
            (1048576, 50),
        ),
        (b'<row r="3"><c r="XFD3"/><c r="a2"/></row>', (3, 16384)),
        (b'<row r="5" spans="1:3"></row>', (5, 0)),
        (b'<row><c/><c/></row><row><c r="D2"/></row>', (2, 4)),
    ],
)
def test_extent_is_that_of_the_references(rows, extent):
    found = scan_sheet(b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>")
    assert (found.rows, found.columns) == extent
