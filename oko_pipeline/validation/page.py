"""One readable page about the quality of a year's data: is the year blocked and why, what to do first, what was found.

The page is self-contained HTML for people; the same facts for machines are in `quality_results` and `quality_findings`.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, StrictUndefined

from oko_pipeline.catalogue.campaigns import campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.rules import SEVERITIES, rule
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.validation.suites import blocking_failures
from oko_pipeline.validation.wording import assessment_title, counted, listed, plural

FIRST_STEPS: Final = 5
EXAMPLES: Final = 3
_SEVERITY_RU: Final = {"error": "ошибка", "warning": "предупреждение", "note": "к сведению"}
_FILE_STATUS_RU: Final = {
    "refused": "отвергнут",
    "unknown": "форма не распознана",
    "empty": "данных нет",
}
_COUNT_FORMS: Final = {
    "error": ("ошибка", "ошибки", "ошибок"),
    "warning": ("предупреждение", "предупреждения", "предупреждений"),
    "note": ("к сведению", "к сведению", "к сведению"),
}
_WORKS_TITLE: Final = "Работы участников"


@dataclass(frozen=True, slots=True)
class PageTables:
    """Tables that make the page fuller when they are at hand; columns as in the contracts."""

    files: pd.DataFrame | None = None
    coverage: pd.DataFrame | None = None
    schools: pd.DataFrame | None = None
    documents: pd.DataFrame | None = None


def quality_page(
    school_year: str,
    quality_results: pd.DataFrame,
    quality_findings: pd.DataFrame,
    tables: PageTables | None = None,
    made_at: str = "",
) -> str:
    """Return the page as HTML.

    Args:
        school_year: the year, for example 2020-2021.
        quality_results: outcomes of the suites; of several runs the latest of each suite is shown.
        quality_findings: all findings of the year.
        tables: files, coverage, schools and documents, where known.
        made_at: when the data were checked: ISO 8601, or as it shall be printed.
    """
    given = tables or PageTables()
    results = _latest(quality_results)
    blocking = blocking_failures(results)
    severities = quality_findings["severity"].value_counts()
    rules = _rules(quality_findings)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("oko_pipeline.validation").joinpath("page.html.jinja").read_text("utf-8"))
    return template.render(
        school_year=school_year,
        made_at=_printed_time(made_at),
        is_blocked=len(blocking) > 0,
        is_checked=len(results) > 0,
        reasons=[_reason(record) for record in blocking.to_dict("records")],
        counts=[
            {"severity": severity, "title": plural(number, *forms), "number": f"{number:,}".replace(",", "\u00a0")}
            for severity, forms in _COUNT_FORMS.items()
            for number in [int(severities.get(severity, 0))]
        ],
        steps=[step for step in rules if step["severity"] != "note"][:FIRST_STEPS],
        rules=rules,
        refused=_refused(given.files, quality_findings),
        gaps=_gaps(given.coverage, given.schools),
        has_coverage=given.coverage is not None,
        documents=0 if given.documents is None else len(given.documents),
        documents_words=""
        if given.documents is None
        else counted(len(given.documents), "документ", "документа", "документов"),
        has_documents=given.documents is not None,
        checks=[_check(record) for record in results.to_dict("records")],
        failed_checks=int((~results["is_passed"].astype(bool)).sum()),
    )


def _printed_time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = "" if moment.tzinfo is None else f" ({moment.tzname()})"
    return f"{moment:%d.%m.%Y %H:%M}{zone}"


def _latest(results: pd.DataFrame) -> pd.DataFrame:
    newest = results.groupby("suite")["checked_at"].transform("max")
    latest = results.loc[results["checked_at"] == newest].drop_duplicates(["suite", "expectation"], keep="last")
    # The same order, whether the results were made now or read from the database.
    return latest.sort_values(["suite", "expectation"], ignore_index=True)


def _table_title(name: str) -> str:
    return TABLES[name].title_ru if name in TABLES else _WORKS_TITLE


def _reason(record: dict[Any, Any]) -> dict[str, str]:
    observed = "" if pd.isna(record["observed"]) else str(record["observed"])
    return {"title": record["title_ru"], "table": _table_title(record["table_name"]), "observed": observed}


def _check(record: dict[Any, Any]) -> dict[str, Any]:
    return _reason(record) | {
        "is_passed": bool(record["is_passed"]),
        "is_blocking": bool(record["is_blocking"]),
        "severity": _SEVERITY_RU[record["severity"]],
    }


def _rules(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a line a rule and severity, worst and most frequent first."""
    lines: list[dict[str, Any]] = []
    for (severity, rule_id), rows in findings.groupby(["severity", "rule_id"], sort=False):
        own = rule(str(rule_id))
        schools = int(rows["school_code"].nunique())
        lines.append(
            {
                "severity": severity,
                "severity_ru": _SEVERITY_RU[str(severity)],
                "rule_id": rule_id,
                "title": own.title_ru,
                "mend": own.mend_ru,
                "number": len(rows),
                "number_words": counted(len(rows), "замечание", "замечания", "замечаний"),
                "schools": counted(schools, "ОО", "ОО", "ОО") if schools else "",
                "examples": [_example(record) for record in rows.head(EXAMPLES).to_dict("records")],
                "others": max(0, len(rows) - EXAMPLES),
            }
        )
    return sorted(lines, key=lambda line: (SEVERITIES.index(line["severity"]), -line["number"], line["rule_id"]))


def _example(record: dict[Any, Any]) -> dict[str, str]:
    parts = [record["file_path"], record["sheet"], record["cell"]]
    place = ", ".join(str(part) for part in parts if not pd.isna(part))
    if pd.isna(record["cell"]) and not pd.isna(record["row"]):
        place += f", строка {record['row']}"
    return {"place": place.removeprefix(", "), "message": record["message"]}


def _refused(table: pd.DataFrame | None, findings: pd.DataFrame) -> list[dict[str, str]]:
    """Return the files that could not be used, each with what its findings say."""
    if table is None:
        return []
    said = findings.loc[findings["file_path"].notna() & findings["rule_id"].str.startswith("file.")]
    why = said.groupby("file_path")["message"].agg(" ".join).to_dict()
    unused = table.loc[table["status"].isin(list(_FILE_STATUS_RU))].sort_values(["status", "path"])
    return [
        {"path": path, "status": _FILE_STATUS_RU[status], "why": why.get(path, "")}
        for path, status in zip(unused["path"], unused["status"], strict=True)
    ]


def _campaign_ru(assessment_id: str) -> str:
    code = AssessmentKey.parse(assessment_id).campaign_code
    return campaigns()[code].short_ru if code in campaigns() else code


def _gaps(coverage: pd.DataFrame | None, schools: pd.DataFrame | None) -> list[dict[str, str]]:
    """Return a line a work that expected schools have not written."""
    if coverage is None:
        return []
    names = {} if schools is None else dict(zip(schools["school_code"], schools["school_name"], strict=True))
    missing = coverage.loc[(coverage["state"] == "missing") & coverage["is_expected"].fillna(value=False)]
    return [
        {
            "title": f"{assessment_title(str(assessment_id))}, {_campaign_ru(str(assessment_id))}",
            "number": counted(len(rows), "ОО", "ОО", "ОО"),
            "schools": listed([str(names.get(code, code)) for code in sorted(rows["school_code"])], shown=12),
        }
        for assessment_id, rows in missing.groupby("assessment_id", sort=True)
    ]
