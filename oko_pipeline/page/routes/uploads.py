"""Sending files: the form, what the check says at once, the copy with marked cells."""

from starlette.responses import Response

from oko_pipeline.page.accounts import Account, Role
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.uploads import ENDINGS, MOST_FILES, Sender
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
    sender = Sender(account, _schools(desk, account))
    sent = []
    for file in files:
        if desk.limits.of_files.wait(account.account_id):
            raise PageError(429, "За час отправлено слишком много файлов. Остальные пришлите позже.")
        desk.limits.of_files.count(account.account_id)
        sent.append(desk.uploads.take(sender, file.filename or "", file.file))
    return away(address("uploads", sent[0].upload_id) if len(sent) == 1 else "/uploads")


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
