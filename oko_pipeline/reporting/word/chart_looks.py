"""How a role looks in a chart: fills, lines and marks that differ in lightness, pattern and shape, not colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oko_pipeline.errors import ContractError
from oko_pipeline.reporting import russian as ru


@dataclass(frozen=True, slots=True)
class Role:
    """Look of a role.

    `fill` and `pattern` are those of bars, `ink` that of lines and marks (3 : 1 on white at least), `label` the colour
    of text on the fill, `symbol` and `dash` those of lines; `inside` fills the marks of a role that shall stand back:
    a tint, not white, because LibreOffice draws marks without their outline.
    """

    fill: str
    ink: str
    symbol: str = "circle"
    dash: str = "solid"
    pattern: str = ""
    label: str = "000000"
    inside: str = ""
    width: float = 1.5


BENCHMARK: Final = "benchmark"
LIMITS: Final = ("limit", "outer_limit")
ROLES: Final[Mapping[str, Role]] = {
    "mark_2": Role("B5532A", "B5532A", pattern="wdUpDiag"),
    "mark_3": Role("F1DDB0", "8A6A1F", "square", "sysDash"),
    "mark_4": Role("7FAFD4", "3F78A5", "triangle", "dash"),
    "mark_5": Role("1F4E79", "1F4E79", "diamond", label="FFFFFF"),
    "lower": Role("B5532A", "B5532A", "triangle", "sysDash", "wdUpDiag"),
    "same": Role("D9D9D9", "6E6E6E", "square", "sysDot"),
    "higher": Role("1F4E79", "1F4E79", "diamond", label="FFFFFF"),
    "base": Role("7FAFD4", "3F78A5"),
    "raised": Role("1F4E79", "1F4E79", "square", "dash", "wdUpDiag"),
    "high": Role("1F3550", "1F3550", "triangle", "sysDot", label="FFFFFF"),
    "plain": Role("7FAFD4", "3F78A5", inside="7FAFD4"),
    "own": Role("1F4E79", "1F3550", "diamond", label="FFFFFF", width=2.5),
    "municipality": Role("C9D3DE", "5A6675", "square", "dash", inside="97A3B2"),
    "region": Role("E8DCC0", "7A5C12", "triangle", "sysDash", "ltDnDiag", inside="C9A552"),
    "country": Role("FFFFFF", "595959", "x", "lgDashDot"),
    "comparable": Role("D9D9D9", "6E6E6E", "square", "sysDash", "pct20", inside="A6A6A6"),
    "first": Role("1F4E79", "1F4E79", label="FFFFFF", width=2.0),
    "second": Role("B5532A", "B5532A", "square", "dash", "wdUpDiag", width=2.0),
    "third": Role("F1DDB0", "7A5C12", "triangle", "sysDot", width=2.0),
    "fourth": Role("D9D9D9", "595959", "x", "lgDashDot", "pct20", width=2.0),
    "before": Role("D9D9D9", "6E6E6E", inside="B0B0B0"),
    "after": Role("1F4E79", "1F3550", label="FFFFFF"),
    "limit": Role("FFFFFF", "595959", "none", "dash", width=1.25),
    "outer_limit": Role("FFFFFF", "595959", "none", "sysDot", width=1.0),
    BENCHMARK: Role("F2A33A", "8A5200", "diamond", "sysDash", "ltUpDiag", width=1.75),
}  # fmt: skip


def role_look(name: str) -> Role:
    """Return the look of a role.

    Raises:
        ContractError: naming the known roles.
    """
    if name not in ROLES:
        raise ContractError(f"Диаграмма: роли ряда «{name}» нет; есть {ru.listed(sorted(ROLES))}.")
    return ROLES[name]
