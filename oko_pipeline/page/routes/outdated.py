"""Documents that were issued anew after people fetched them: one's own, and everybody's with a way to tell them."""

from collections import defaultdict
from typing import Any, Final

from starlette.responses import Response

from oko_pipeline.page.accounts import ROLES_RU
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.fetches import Fetch
from oko_pipeline.page.register import Row
from oko_pipeline.page.views import PageError, show

_MOST_SHOWN: Final = 500


def changed(desk: Desk, asked: Asked) -> Response:
    """Show the documents that the viewer fetched and that were issued anew since."""
    account_id = "" if asked.viewer.account is None else asked.viewer.account.account_id
    return show(desk, asked, "changed", pairs=_seen(desk, asked, account_id)[:_MOST_SHOWN])


def outdated(desk: Desk, asked: Asked) -> Response:
    """Show which accounts have old issues of documents that the viewer sees."""
    return _page(desk, asked, "")


def tell(desk: Desk, asked: Asked) -> Response:
    """Put notices in the queue for those who have old issues and were not told of the present ones."""
    if desk.tell is None:
        raise PageError(503, "Извещения со страницы не отправляются: она запущена без них.")
    present = desk.register.present()
    waiting: defaultdict[str, list[tuple[Fetch, Row]]] = defaultdict(list)
    for fetch, row in _seen(desk, asked, None):
        if fetch.login and fetch.told_sha256 != present[fetch.document].file_sha256:
            waiting[fetch.account_id].append((fetch, row))
    ways = {"email": 0, "file": 0}
    for pairs in waiting.values():
        holder = pairs[0][0]
        way = desk.tell(str(holder.login), holder.email, [_told(fetch, row) for fetch, row in pairs])
        if not way:
            raise PageError(400, "Такие извещения выключены настройкой OKO_NOTICES.")
        ways[way] += 1
        desk.fetches.told([fetch for fetch, _ in pairs], present)
    return _page(desk, asked, _summary(ways["email"], ways["file"]))


def _page(desk: Desk, asked: Asked, done: str) -> Response:
    pairs = _seen(desk, asked, None)
    present = desk.register.present()
    untold = {
        fetch.account_id for fetch, _ in pairs
        if fetch.login and fetch.told_sha256 != present[fetch.document].file_sha256
    }  # fmt: skip
    return show(
        desk, asked, "outdated", pairs=pairs[:_MOST_SHOWN], total=len(pairs), untold_count=len(untold), done=done,
        roles=ROLES_RU, can_tell=desk.tell is not None,
    )  # fmt: skip


def _seen(desk: Desk, asked: Asked, account_id: str | None) -> list[tuple[Fetch, Row]]:
    """Return old issues in people's hands with their documents, of those that the viewer sees, by document."""
    fetches = desk.fetches.old(desk.register.present(), account_id)
    documents = desk.register.documents_among(asked.viewer, {fetch.document for fetch in fetches}) if fetches else {}
    pairs = [(fetch, documents[fetch.document]) for fetch in fetches if fetch.document in documents]
    return sorted(pairs, key=lambda pair: (pair[1]["title_ru"], *pair[0].document, pair[0].login or ""))


def _told(fetch: Fetch, row: Row) -> dict[str, Any]:
    return {
        "title": row["title_ru"],
        "year": row["school_year"],
        "unit": "" if row["unit_level"] == "region" else row["unit_code"],
        "had": fetch.issue_number,
        "now": row["issue_number"],
    }


def _summary(by_email: int, by_file: int) -> str:
    parts = [f"почтой — {by_email}" if by_email else "", f"в файл извещений — {by_file}" if by_file else ""]
    return f"Извещения поставлены в очередь: {', '.join(part for part in parts if part)}." if any(parts) else ""
