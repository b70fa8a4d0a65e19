"""Sending files: the form, what the check says at once, the copy with marked cells."""

from collections.abc import Sequence

from starlette.datastructures import UploadFile
from starlette.responses import Response

from oko_pipeline.page.accounts import Account, Role
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.uploads import ENDINGS, MOST_FILES, Sender, Sent
from oko_pipeline.page.views import PageError, address, away, not_found, send, show

STATUSES_RU = {
    "accepted": "принято",
    "refused": "отвергнуто",
    "unknown": "не распознано",
    "empty": "пустая форма",
}


def listing(desk: Desk, asked: Asked) -> Response:
    """Show the form and the files that the account has sent."""
    return show(
        desk,
        asked,
        "uploads",
        sent=desk.uploads.of_account(_account(asked)),
        endings=ENDINGS,
        most_files=MOST_FILES,
        most_mb=desk.settings.page_upload_mb,
    )


def upload(desk: Desk, asked: Asked) -> Response:
    """Take the files of the form, each checked at once."""
    account = _account(asked)
    files = [file for file in asked.files if file.filename]
    if not files:
        raise PageError(400, "Выберите файл.")
    if not desk.limits.checking.acquire(blocking=False):
        raise PageError(503, "Сейчас проверяются файлы других. Повторите через минуту.")
    try:
        sent = _taken(desk, Sender(account, _schools(desk, account)), files)
    finally:
        desk.limits.checking.release()
    return away(address("uploads", sent[0].upload_id) if len(sent) == 1 else "/uploads")


def _taken(desk: Desk, sender: Sender, files: Sequence[UploadFile]) -> list[Sent]:
    """Take files one by one, as many as an account may send in an hour."""
    taken: list[Sent] = []
    for file in files:
        if desk.limits.of_files.wait(sender.account.account_id):
            raise PageError(429, "За час отправлено слишком много файлов. Остальные пришлите позже.")
        desk.limits.of_files.count(sender.account.account_id)
        taken.append(desk.uploads.take(sender, file.filename or "", file.file))
    return taken


def sent(desk: Desk, asked: Asked) -> Response:
    """Show what the check said of a sent file."""
    found = desk.uploads.find(_account(asked), asked.id("id"))
    if found is None:
        raise not_found()
    return show(desk, asked, "sent", sent=found, statuses=STATUSES_RU)


def annotated(desk: Desk, asked: Asked) -> Response:
    """Send the copy of a sent file with marked cells."""
    return send(desk.uploads.annotated(_account(asked), asked.id("id")))


def _account(asked: Asked) -> Account:
    if asked.viewer.account is None:
        raise not_found()
    return asked.viewer.account


def _schools(desk: Desk, account: Account) -> frozenset[str] | None:
    """Return the schools whose data an account may send; None: of any."""
    if account.role is Role.SCHOOL:
        return frozenset({account.unit_code or ""})
    return desk.register.schools_of(account.unit_code or "") if account.role is Role.MUNICIPALITY else None
