"""Letters to schools about what to mend in the files that they sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.rules import rules
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.sections import Spec, finished, heading, row, section, table

_TITLE: Final = "О замечаниях к присланным файлам"
_SEVERITIES: Final = ("error", "warning")
_ERRORS: Final = ("ошибка", "ошибки", "ошибок")
_WARNINGS: Final = ("предупреждение", "предупреждения", "предупреждений")
_IN_FILES: Final = ("файле", "файлах", "файлах")
_PLACES_SHOWN: Final = 6
_COLUMNS: Final = (
    ("Лист", 2.5, "text"),
    ("Что не так", 4.2, "text"),
    ("Мест", 1.1, "number"),
    ("Где", 2.3, "text"),
    ("Как исправить", 5.0, "text"),
)
_WORKBOOK: Final = "annotated_workbook"


@dataclass(frozen=True, slots=True)
class _File:
    """Findings of a school in one of its files; `workbook` is the name of the file's annotated copy or empty."""

    name: str
    findings: tuple[Rows, ...]
    workbook: str

    def of(self, severity: str) -> list[Row]:
        return [one for rows in self.findings for one in rows.where(severity=severity)]


def quality_letters(data: CycleData) -> Iterator[Content]:
    """Yield a letter for each school that has errors or warnings to mend in its files, in the order of codes."""
    owned = _files_of_owners(data)
    for school in data.schools():
        code = str(school["school_code"])
        files = _files(data, code, owned.get(code, []))
        if files:
            yield Content(code, _context(data, code, files))


def _files_of_owners(data: CycleData) -> Mapping[str, list[str]]:
    """Return the paths of files whose form says that they are of a school: findings in them rarely name it again."""
    owned: dict[str, list[str]] = {}
    for file in data.rows("files", status="accepted"):
        if file["document_key"] is not None:
            owned.setdefault(str(file["document_key"]).rpartition(":")[2], []).append(str(file["path"]))
    return owned


def _files(data: CycleData, code: str, owned: list[str]) -> list[_File]:
    """Return the school's files with findings, in the order of names."""
    named = data.rows("quality_findings", school_code=code, severity=_SEVERITIES)
    groups: dict[str, list[Rows]] = {}
    for path in dict.fromkeys(str(one["file_path"]) for one in named if one["file_path"] is not None):
        groups.setdefault(path, []).append(named.where(file_path=path))
    for path in owned:
        found = data.rows("quality_findings", file_path=path, school_code=None, severity=_SEVERITIES)
        if found:
            groups.setdefault(path, []).append(found)
    issued = data.rows("documents", kind=_WORKBOOK, unit_level="school", unit_code=code)
    workbooks = {str(one["document_id"]).split(":")[1]: str(one["path"]).rpartition("/")[2] for one in issued}
    files = [
        _File(_file_name(path), tuple(found), workbooks.get(str(found[0][0]["file_sha256"]), ""))
        for path, found in groups.items()
    ]
    return sorted(files, key=lambda file: file.name)


def _file_name(path: str) -> str:
    return path.replace("!", "/").rpartition("/")[2]


def _context(data: CycleData, code: str, files: list[_File]) -> dict[str, object]:
    figures = Figures()
    own = {
        "summary": section(text=[_summary(figures, files), _first(figures, files)]),
        "workbooks": _workbooks(files),
        "findings": section(tables=[_table(figures, files)]),
    }
    return finished(heading(data, "school", code, _TITLE) | own, data, figures)


def _summary(figures: Figures, files: list[_File]) -> str:
    counts = [
        figures.computed(len(found), how, found, form="whole") + ru.NBSP + ru.plural(len(found), forms)
        for severity, how, forms in (
            ("error", "ошибок в файлах ОО", _ERRORS),
            ("warning", "предупреждений в файлах ОО", _WARNINGS),
        )
        if (found := [one for file in files for one in file.of(severity)])
    ]
    first = [file.findings[0][0] for file in files]
    number = figures.computed(len(files), "файлов ОО с замечаниями", first, form="whole", digits=0)
    where = f"{number}{ru.NBSP}{ru.plural(len(files), _IN_FILES)}"
    return f"В сведениях Вашей организации проверка нашла {ru.listed(counts)} в {where}."


def _first(figures: Figures, files: list[_File]) -> str:
    """Return which errors to mend first, empty when there are only warnings."""
    errors: dict[str, list[Row]] = {}
    for file in files:
        for one in file.of("error"):
            errors.setdefault(str(one["rule_id"]), []).append(one)
    if not errors:
        return ""
    told = [_told(figures, _rule_title(rule_id), found) for rule_id, found in sorted(errors.items())]
    return f"Сначала исправьте ошибки: {ru.listed(told)}."


def _told(figures: Figures, title: str, found: list[Row]) -> str:
    return f"{ru.quoted(title)}{ru.NBSP}({figures.computed(len(found), f'ошибок: {title}', found, form='whole')})"


def _workbooks(files: list[_File]) -> Spec | None:
    return section(
        points=[f"{ru.quoted(file.workbook)} — к файлу {ru.quoted(file.name)}" for file in files if file.workbook]
    )


def _table(figures: Figures, files: list[_File]) -> Spec | None:
    rows: list[Spec] = []
    for file in files:
        rows.append(row(file.name, kind="group"))
        groups: dict[tuple[str, str, str, str], list[Rows]] = {}
        for found in file.findings:
            for key in dict.fromkeys(_group(one) for one in found):
                severity, sheet, rule_id, mend = key
                same = found.where(severity=severity, sheet=sheet or None, rule_id=rule_id, mend=mend)
                groups.setdefault(key, []).append(same)
        rows += [_line(figures, file.name, key, groups[key]) for key in sorted(groups)]
    return table("Что исправить: по файлам, сначала ошибки", _COLUMNS, rows)


def _group(finding: Row) -> tuple[str, str, str, str]:
    return str(finding["severity"]), finding["sheet"] or "", str(finding["rule_id"]), str(finding["mend"])


def _line(figures: Figures, file_name: str, key: tuple[str, str, str, str], found: list[Rows]) -> Spec:
    severity, sheet, rule_id, mend = key
    every = [one for rows in found for one in rows]
    place_ru = f"{file_name}: {sheet}" if sheet else file_name
    count = (
        figures.count(found[0], place_ru=place_ru)
        if len(found) == 1
        else figures.computed(len(every), f"мест: {file_name}, {sheet}, {_rule_title(rule_id)}", every, form="whole")
    )
    messages = {str(one["message"]) for one in every}
    said = figures.text(every[0], "message") if len(messages) == 1 else f"{_rule_title(rule_id)}."
    what = f"Ошибка. {said}" if severity == "error" else said
    return row(sheet or ru.DASH, what, count, _places(every), figures.text(every[0], "mend", mend))


def _places(found: list[Row]) -> str:
    """Return the cells or lines of findings in the order of the sheet."""
    ordered = sorted(found, key=lambda one: (one["row"] or 0, one["column"] or ""))
    cells = [str(one["cell"] or (f"строка{ru.NBSP}{one['row']}" if one["row"] is not None else "")) for one in ordered]
    return ru.listed([cell for cell in dict.fromkeys(cells) if cell], _PLACES_SHOWN) or "весь файл"


def _rule_title(rule_id: str) -> str:
    known = rules().get(rule_id)
    return rule_id if known is None else known.title_ru
