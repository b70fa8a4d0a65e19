"""Notices for those who have old issues of documents: the page knows them, the queue of notices reaches them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from oko_pipeline.orchestration.notice_channels import channel_for
from oko_pipeline.orchestration.notice_queue import NoticeQueue
from oko_pipeline.orchestration.notice_texts import wanted_kinds, write_notice
from oko_pipeline.settings import Settings

_KIND: Final = "old_issues"


def tell_of_old_issues(login: str, email: str, documents: Sequence[Mapping[str, Any]], settings: Settings) -> str:
    """Put a notice for one account in the queue; the same notice is put there once.

    Args:
        login: of the account.
        email: of its office; empty when unknown.
        documents: what the account has: title, year, unit, had (number of the issue or None), now.
        settings: the installation.

    Returns:
        How it goes: «email», «file», or an empty text when such notices are off.
    """
    if _KIND not in wanted_kinds(settings.notices):
        return ""
    told = sorted(f"{one['title']}|{one['year']}|{one['unit']}|{one['now']}" for one in documents)
    key = hashlib.sha256("\n".join((login, *told)).encode()).hexdigest()
    link = None if settings.page_url is None else f"{settings.page_url.rstrip('/')}/changed"
    facts = {"login": login, "documents": list(documents), "link": link}
    notice = write_notice(_KIND, key, facts, settings.notices_templates)
    channel = channel_for(settings, email)
    NoticeQueue(settings.notices_folder / "queue.sqlite").enter(notice, [channel], datetime.now(UTC))
    return channel.partition(":")[0]
