"""Channels of notices: e-mail, JSON to an address as bots take it, a file. None of them costs money.

Secrets (a password, the address of a bot) never reach a message: faults name the kind of a failure only.
"""

import os
import smtplib
import ssl
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from oko_pipeline.errors import SettingsError
from oko_pipeline.orchestration.notice_queue import ChannelAwayError, RefusedError, Send
from oko_pipeline.settings import Settings

_PATIENCE_SECONDS = 15.0
OWN_FILE = "file:old_issues"
"""The channel of notices for people without an address, where no file of notices is set."""
_OWN_FILE_NAME = "old_issues.txt"


def channel_for(settings: Settings, email: str) -> str:
    """Return the channel that leads to one addressee: by mail when it can, else the file of notices."""
    if email and settings.smtp_host and (settings.notices_from or settings.smtp_user):
        return f"email:{email}"
    return OWN_FILE if settings.notices_file is None else "file"


def channels_of(settings: Settings, addressed: Collection[str] = ()) -> Mapping[str, Send]:
    """Return the channels that the settings name, by name, and those that lead to single addressees (`channel_for`).

    Raises:
        SettingsError: for a half-set channel.
    """
    found: dict[str, Send] = {}
    for name in addressed:
        kind, _, address = name.partition(":")
        if kind == "email" and settings.smtp_host:
            to_one = settings.model_copy(update={"notices_email": address})
            found[name] = partial(send_mail, to_one, ssl.create_default_context())
        elif name == OWN_FILE:
            found[name] = partial(append_to, settings.notices_folder / _OWN_FILE_NAME, settings.time_zone)
    if settings.notices_email:
        if not settings.smtp_host or not (settings.notices_from or settings.smtp_user):
            raise SettingsError("Для извещений почтой задайте OKO_SMTP_HOST и OKO_NOTICES_FROM (или OKO_SMTP_USER).")
        found["email"] = partial(send_mail, settings, ssl.create_default_context())
    if settings.notices_webhook is not None:
        found["webhook"] = partial(post, settings.notices_webhook.get_secret_value(), settings.notices_chat)
    if settings.notices_file is not None:
        found["file"] = partial(append_to, settings.notices_file.expanduser(), settings.time_zone)
    return found


def send_mail(settings: Settings, trust: ssl.SSLContext, subject: str, body: str) -> None:
    """Send one message to all addressees.

    Raises:
        ChannelAwayError: the server is away, busy or does not let us in.
        RefusedError: the server will never take it.
    """
    message = EmailMessage()
    sender = settings.notices_from or settings.smtp_user
    message["Subject"] = subject
    message["From"] = sender
    message["To"] = ", ".join(one.strip() for one in settings.notices_email.split(",") if one.strip())
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain="oko.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    try:
        with _connect(settings, trust) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        fault = f"почтовый сервер не принял адресатов ({', '.join(map(str, codes))})"
        # 4xx is «later», and a full mailbox is not for ever.
        raise (RefusedError(fault) if codes and min(codes) >= 500 else ChannelAwayError(fault)) from error
    except smtplib.SMTPDataError as error:
        fault = f"почтовый сервер не принял письмо ({error.smtp_code})"
        raise (RefusedError(fault) if error.smtp_code >= 500 else ChannelAwayError(fault)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise ChannelAwayError(f"почтовый сервер недоступен ({type(error).__name__})") from error


def _connect(settings: Settings, trust: ssl.SSLContext) -> smtplib.SMTP:
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=_PATIENCE_SECONDS, context=trust)
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_PATIENCE_SECONDS)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=trust)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server


def post(address: str, chat: str, subject: str, body: str) -> None:
    """Send a notice as JSON: `text`, and `chat_id` when it is set.

    Raises:
        ChannelAwayError: the address does not answer, or asks to come later.
        RefusedError: it says that the request is wrong.
    """
    import httpx  # noqa: PLC0415

    content = {"text": f"{subject}\n\n{body}", "disable_web_page_preview": True} | ({"chat_id": chat} if chat else {})
    try:
        answer = httpx.post(address, json=content, timeout=_PATIENCE_SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The text of the error would tell the address, which is a secret.
        raise ChannelAwayError(f"адрес извещений недоступен ({type(error).__name__})") from None
    if answer.is_success:
        return
    if answer.status_code in {400, 413, 422}:
        raise RefusedError(f"адрес извещений не принял текст ({answer.status_code})")
    wait = answer.headers.get("retry-after", "")
    raise ChannelAwayError(f"адрес извещений ответил {answer.status_code}", float(wait) if wait.isdigit() else None)


def append_to(path: Path, time_zone: str, subject: str, body: str) -> None:
    """Append a notice to a file, whole; raises `ChannelAwayError` when it cannot be written."""
    now = datetime.now(UTC).astimezone(ZoneInfo(time_zone)).strftime("%d.%m.%Y %H:%M")
    text = f"{now}  {subject}\n{body}\n{'-' * 40}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            stream.write(text.encode())
    except OSError as error:
        raise ChannelAwayError(f"файл извещений не пишется ({error.strerror})") from error
