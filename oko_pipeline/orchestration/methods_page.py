"""The page of methods, generated from the registry: formula, source, assumptions, how to read it and how not to."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.catalogue.methods import Method, MethodFile, method_files

_EVIDENCE_RU: Final = {
    "S": "по источнику",
    "C": "вычислено по открытым данным",
    "K": "без источника, принято",
    "I": "предложено программой",
}
_HEADER: Final = (
    "# Каталог методов",
    "",
    "Страница создана программой из реестра методов (`make docs`); править её руками не нужно.",
    "",
    "Каждое значение таблиц анализа хранит метод и его версию (`method_id`, `method_version`).",
    "Параметры — умолчания: своё значение пишут строкой «метод.параметр: значение» в файл YAML из `OKO_METHODS`.",
    "",
)


def methods_page() -> str:
    """Return the page of all methods as Markdown."""
    families = method_files()
    lines = [*_HEADER, *(f"- [{one.title_ru}](#{_anchor(one.title_ru)})" for one in families), ""]
    for family in families:
        lines += _family(family)
    return "\n".join(lines)


def _anchor(title: str) -> str:
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -")
    return kept.replace(" ", "-")


def _family(family: MethodFile) -> Iterator[str]:
    yield from (f"## {family.title_ru}", "")
    for method in family.methods:
        yield from _method(method)


def _method(method: Method) -> Iterator[str]:
    yield from (f"### {method.title_ru}", "")
    yield from (f"`{method.method_id}`, версия {method.version}. *{method.question_ru}*", "")
    yield from (f"**Как считается.** {_flat(method.formula_ru)}", "")
    yield from (f"**Источник.** {_flat(method.source_ru)}", "")
    yield from ("**Что предполагается.**", "", *(f"- {_flat(text)}" for text in method.assumptions_ru), "")
    if method.minimum_n is not None:
        yield from (f"**Наименьшая группа.** {method.minimum_n}", "")
    yield from (f"**Как читать.** {_flat(method.read_ru)}", "")
    yield from (f"**Чего не следует.** {_flat(method.misread_ru)}", "")
    if method.tables:
        yield from ("Таблицы: " + ", ".join(f"`{name}`" for name in method.tables) + ".", "")
    if method.parameters:
        yield from ("| параметр | умолчание | что это | основание |", "| --- | --- | --- | --- |")
        for name, one in method.parameters.items():
            unit = f", {one.unit_ru}" if one.unit_ru else ""
            cells = (f"`{name}`", f"{_value(one.default)}{unit}", _flat(one.description_ru), _EVIDENCE_RU[one.evidence])
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield ""


def _flat(text: str) -> str:
    return " ".join(text.split())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, tuple):
        return "; ".join(_value(one) for one in value) or "—"  # pyright: ignore[reportUnknownVariableType]
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)
