"""Issuing documents: only those whose content changed are written; the register, the issues and their changes are kept.

A document's number of issue grows when its content changes. The figures of the last issue are kept beside the
documents, so that the next issue can say what changed in numbers.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from assets.document_choice import EVERYTHING, Choice
from assets.inputs import record_slices
from assets.kept_figures import are_figures_broken, figures_path, kept_figures
from assets.pool_tasks import Draft, NoteBody, Written, write_draft
from oko_pipeline.catalogue.documents import issued_kinds
from oko_pipeline.catalogue.tables import DOCUMENT_CHANGES, DOCUMENT_ISSUES, DOCUMENTS
from oko_pipeline.errors import ContractError
from oko_pipeline.reporting.changes import Change, changes_section, figure_changes
from oko_pipeline.reporting.figures import UNKNOWN
from oko_pipeline.reporting.fingerprint import says_the_same
from oko_pipeline.versions import code_version
from resources.report_store import ReportStore
from resources.workplace import Workplace

_ENTERED_AT_ONCE: Final = 100
_ASKED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Issued:
    """What an issue of documents wrote (paths within the report store) and how many stand unchanged."""

    written: tuple[str, ...]
    unchanged_count: int


NOT_CHOSEN: Final = Issued((), 0)


@dataclass(frozen=True, slots=True)
class Issue:
    """Documents that are compared and replaced as a whole: those of a kind, of one campaign where the kind has any."""

    school_year: str
    kind: str
    campaign_code: str | None
    inputs: str

    def known(self, workplace: Workplace) -> pd.DataFrame:
        """Return the register's rows of these documents."""
        rows = workplace.database.read(DOCUMENTS, {"school_year": self.school_year, "kind": self.kind})
        if self.campaign_code is not None:
            rows = rows[rows["campaign_code"] == self.campaign_code]
        return rows.set_index("document_id", drop=False)

    @property
    def slice_key(self) -> str:
        """Return the key under which the inputs are remembered."""
        return self.campaign_code or "year"


def issue_documents(
    workplace: Workplace, issue: Issue, draw_up: Callable[[], Sequence[Draft]], choice: Choice = EVERYTHING
) -> Issued:
    """Write the documents whose content changed, remove those that no data support, keep the register.

    `draw_up` makes the drafts of all documents that shall stand; it is not called when nothing that they depend on
    changed and none of them is missing. Of a kind that the territory does not issue none shall stand. Where documents
    of some schools are chosen, the others are neither written nor removed.
    """
    if not choice.wants_kind(issue.kind):
        return NOT_CHOSEN
    if choice.school_codes is not None:
        return _issue_chosen(workplace, issue, draw_up, choice.school_codes)
    if not is_issued(workplace, issue.kind):
        issue, draw_up = replace(issue, inputs="not issued"), list
    database, year = workplace.database, issue.school_year
    known = issue.known(workplace)
    is_same = database.slice_inputs(year, issue.kind).get(issue.slice_key) == issue.inputs
    if is_same and _all_stand(workplace, known):
        return Issued((), len(known))
    drafts = _distinct(draw_up())
    issued = _replace(workplace, issue, known, drafts)
    record_slices(workplace, year, issue.kind, {issue.slice_key: (issue.inputs, len(drafts))})
    return issued


def _issue_chosen(
    workplace: Workplace, issue: Issue, draw_up: Callable[[], Sequence[Draft]], school_codes: Collection[str]
) -> Issued:
    """Write the documents of some schools. What all documents were made from is not remembered: only these were.

    Who asks for a document wants it whole: one whose file was changed since is written again.
    """
    if not is_issued(workplace, issue.kind):
        return NOT_CHOSEN
    drafts = [one for one in _distinct(draw_up()) if one.unit_level == "school" and one.unit_code in school_codes]
    known = issue.known(workplace)
    known = known[(known["unit_level"] == "school") & known["unit_code"].isin(school_codes)]
    return _replace(workplace, issue, known, drafts, is_read=True)


def _replace(
    workplace: Workplace, issue: Issue, known: pd.DataFrame, drafts: Sequence[Draft], *, is_read: bool = False
) -> Issued:
    """Write those drafts that say something new or look otherwise, and remove known documents that none supports.

    `is_read`: files are compared by their content with what was written, not only looked for.
    """
    written = known["context_sha256"].to_dict()
    files = known["file_sha256"].to_dict() if is_read else {}
    packs = known["pack_path"].to_dict()
    stale = [
        draft
        for draft in drafts
        if written.get(draft.document_id) != draft.content_sha256
        or not draft.reports.has(draft.path, files.get(draft.document_id))
        or not _is_whole(draft.reports, draft.path, packs.get(draft.document_id))
    ]
    numbers = _last_numbers(workplace, issue.school_year, [draft.document_id for draft in stale])
    changed = [
        _next_issue(draft, issue, written.get(draft.document_id), numbers.get(draft.document_id, 0)) for draft in stale
    ]
    _write_and_enter(workplace, issue.school_year, changed)
    _mend_figures(drafts, issue.school_year)
    _remove_unsupported(workplace, issue, known, drafts)
    return Issued(tuple(draft.path for draft in changed), len(drafts) - len(changed))


def is_issued(workplace: Workplace, kind: str) -> bool:
    """Tell whether the territory wants documents of a kind; an unknown kind in the setting is a `CatalogueError`."""
    return kind in issued_kinds(workplace.settings.documents)


def _distinct(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """Return the drafts; raises `ContractError` when one would take the place of another."""
    for name in ("document_id", "path"):
        counts = Counter(str(getattr(draft, name)) for draft in drafts)
        repeated = sorted(value for value, count in counts.items() if count > 1)
        if repeated:
            raise ContractError(f"Документы не различить: {name} повторяется: {', '.join(repeated)}.")
    return drafts


def _last_numbers(workplace: Workplace, school_year: str, document_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of the last issue of each document, also of those that were removed since: none is reused."""
    columns = ["document_id", "issue_number"]
    last: dict[str, int] = {}
    for start in range(0, len(document_ids), _ASKED_AT_ONCE):
        own = {"school_year": school_year, "document_id": document_ids[start : start + _ASKED_AT_ONCE]}
        issues = workplace.database.read(DOCUMENT_ISSUES, own, columns)
        for name, number in zip(issues["document_id"], issues["issue_number"], strict=True):
            last[str(name)] = max(int(number), last.get(str(name), 0))
    return last


def _remove_unsupported(workplace: Workplace, issue: Issue, known: pd.DataFrame, drafts: Sequence[Draft]) -> None:
    """Remove documents that no data support any more, and files that documents have left for another place."""
    standing = {(draft.is_restricted, draft.path) for draft in drafts}
    supported = {draft.document_id for draft in drafts}
    columns = ("document_id", "path", "pack_path", "is_restricted")
    for document_id, path, pack, is_restricted in zip(*(known[name] for name in columns), strict=True):
        store = workplace.reports_of(is_restricted=bool(is_restricted))
        if (bool(is_restricted), path) not in standing:
            store.remove(path)
            if isinstance(pack, str):
                store.remove(pack)
        if document_id not in supported:
            store.remove(figures_path(issue.school_year, document_id))
            where = {"school_year": issue.school_year, "document_id": document_id}
            workplace.database.delete(DOCUMENTS, where)


def _all_stand(workplace: Workplace, known: pd.DataFrame) -> bool:
    columns = ("school_year", "document_id", "path", "pack_path", "is_restricted")
    return all(
        _is_whole(store := workplace.reports_of(is_restricted=bool(is_restricted)), path, pack)
        and not are_figures_broken(store, school_year, document_id)
        for school_year, document_id, path, pack, is_restricted in zip(*(known[name] for name in columns), strict=True)
    )


def _mend_figures(drafts: Sequence[Draft], school_year: str) -> None:
    """Keep the figures anew of documents that stand unchanged beside half a file of theirs.

    What the issue before said is lost with it: it would be needed only if the file of this issue were lost too.
    """
    for draft in drafts:
        if are_figures_broken(draft.reports, school_year, draft.document_id):
            _keep_figures(draft, school_year)


def _is_whole(store: ReportStore, path: str, pack: object) -> bool:
    """Tell whether a document and the workbook beside it, if it has one, stand with their ends."""
    return store.is_whole(path) and (not isinstance(pack, str) or store.is_whole(pack))


def _next_issue(draft: Draft, issue: Issue, written: str | None, last_number: int) -> Draft:
    """Return the draft with its number of issue and with what changed since the issue before it.

    A document that is written again because its file is gone, or because it is only laid out anew, is the same issue
    and says the same about changes.
    """
    is_new_content = not says_the_same(written, draft.content_sha256)
    number = last_number + 1 if is_new_content else max(last_number, 1)
    draft = replace(draft, issue_number=number)
    if not isinstance(draft.body, NoteBody):
        return draft
    context, stamp = draft.body.context, replace(draft.body.stamp, issue=number)
    if "figures" not in context:
        return replace(draft, body=replace(draft.body, stamp=stamp))
    kept = kept_figures(draft.reports, issue.school_year, draft.document_id)
    # The figures are kept before the issue is entered: after a kill between the two they are those of this issue.
    is_kept = kept.get("content_sha256") == draft.content_sha256
    before = kept.get("now") if is_new_content and not is_kept else kept.get("before")
    changes = () if before is None else tuple(figure_changes(before, context["figures"]))
    told = context | {"changes": changes_section(changes, number)}
    return replace(draft, body=replace(draft.body, context=told, stamp=stamp), changes=changes, figures_before=before)


def _write_and_enter(workplace: Workplace, school_year: str, drafts: Sequence[Draft]) -> None:
    """Write documents and enter them into the register, many at once; those before a failed one are entered too."""
    written: list[tuple[Draft, Written]] = []
    try:
        for one in zip(drafts, workplace.pool.map(write_draft, drafts), strict=True):
            written.append(one)
            if len(written) == _ENTERED_AT_ONCE:
                _enter(workplace, school_year, written)
                written = []
    finally:
        _enter(workplace, school_year, written)


def _enter(workplace: Workplace, school_year: str, written: Sequence[tuple[Draft, Written]]) -> None:
    """Enter written documents into the register, their issues and changes into their logs."""
    if not written:
        return
    database = workplace.database
    stamp = {"rendered_at": workplace.clock.timestamp(), "code_version": code_version()}
    documents: list[dict[str, object]] = []
    issues: list[dict[str, object]] = []
    changes: list[dict[str, object]] = []
    for draft, made in written:
        own: dict[str, object] = {"school_year": school_year, "document_id": draft.document_id}
        at_issue = own | {"issue_number": draft.issue_number}
        issue = at_issue | {"context_sha256": draft.content_sha256, "file_sha256": made.file_sha256} | stamp
        documents.append(issue | _register_entry(draft) | {"pack_path": made.pack_path})
        issues.append(issue | {"path": draft.path, "changes_count": len(draft.changes)})
        changes += [at_issue | _change_row(change, number) for number, change in enumerate(draft.changes, 1)]
    by_document = [{"school_year": school_year, "document_id": draft.document_id} for draft, _ in written]
    by_issue = [
        own | {"issue_number": draft.issue_number} for own, (draft, _) in zip(by_document, written, strict=True)
    ]
    for draft, _ in written:
        _keep_figures(draft, school_year)
    with database.transaction():
        database.replace_each(DOCUMENTS, pd.DataFrame(documents), by_document)
        database.replace_each(DOCUMENT_ISSUES, pd.DataFrame(issues), by_issue)
        told = pd.DataFrame(changes) if changes else DOCUMENT_CHANGES.empty()
        database.replace_each(DOCUMENT_CHANGES, told, by_issue)


def _keep_figures(draft: Draft, school_year: str) -> None:
    if isinstance(draft.body, NoteBody) and "figures" in draft.body.context:
        figures = draft.body.context["figures"]
        kept = {"content_sha256": draft.content_sha256, "now": figures, "before": draft.figures_before}
        content = json.dumps(kept, ensure_ascii=False, default=str).encode()
        draft.reports.write(figures_path(school_year, draft.document_id), gzip.compress(content, 6, mtime=0))


def _register_entry(draft: Draft) -> dict[str, object]:
    return {
        "kind": draft.kind,
        "campaign_code": draft.campaign_code,
        "topic": draft.topic,
        "unit_level": draft.unit_level,
        "unit_code": draft.unit_code,
        "title_ru": draft.title_ru,
        "profile": draft.profile,
        "is_restricted": draft.is_restricted,
        "path": draft.path,
        "inputs": draft.inputs,
    }


def _change_row(change: Change, number: int) -> dict[str, object]:
    # A number of a column is told by the column; what was counted or worked out only by its title.
    about = change.place_ru if change.column else f"{change.title_ru}: {change.place_ru}"
    return {
        "change_number": number,
        "table_name": change.table,
        "column_name": change.column,
        "place": about.removesuffix(f": {UNKNOWN}"),
        "was": change.was,
        "became": change.became,
    }
