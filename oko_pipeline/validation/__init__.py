"""Rules, Great Expectations suites, findings with file-sheet-cell, the annotated workbook, the quality page."""
