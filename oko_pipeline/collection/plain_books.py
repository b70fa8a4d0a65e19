"""How workbooks with texts of people are written: a text that begins with a sign of a formula stays a text."""

from typing import Any, Final

PLAIN_TEXTS: Final[dict[str, Any]] = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
"""Options of every XlsxWriter workbook; a formula of ours is written by `write_formula` alone."""
