"""Notices: Russian texts without people, a queue that loses nothing, quiet hours, channels that are away."""

import ipaddress
import json
import smtplib
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from oko_pipeline.errors import SettingsError, TemplateError
from oko_pipeline.orchestration.notice_channels import append_to, channels_of, post, send_mail
from oko_pipeline.orchestration.notice_queue import (
    PAUSES_MINUTES,
    ChannelAwayError,
    NoticeQueue,
    QuietHours,
    RefusedError,
)
from oko_pipeline.orchestration.notice_texts import (
    HIDDEN_RU,
    KINDS_RU,
    MOST_SIGNS,
    Notice,
    wanted_kinds,
    write_notice,
)
from oko_pipeline.settings import Settings

NOON = datetime(2026, 5, 20, 9, tzinfo=UTC)
PLANTED = (
    "Иванов Иван Иванович", "Петрова А.С.", "ivanov@example.org", "+7 912 345-67-89", "112-233-445 95", "4509 123456",
)  # fmt: skip
YEAR = "2025-2026"
FACTS = {
    "run_failed": {
        "job": "annual_cycle", "school_year": YEAR, "run_id": "r1", "link": None,
        "steps": [{"name": "works", "error": "OSError"}],
    },
    "checks_failed": {
        "job": "annual_cycle", "school_year": YEAR, "run_id": "r1", "link": "https://oko.example/runs/r1",
        "checks": [{"asset": "works", "name": "suite_works"}], "titles": ["Коды участников не повторяются"],
        "page": "Качество данных",
    },
    "sources_overdue": {
        "school_year": YEAR, "count": 1,
        "kinds": [{"title": "ОГЭ", "due_on": "2026-07-15", "units": ["edu1"], "more": 2, "without": "Нет анализа"}],
    },
    "reminders": {
        "school_year": YEAR, "count": 2, "more": 0,
        "overdue": [{"due_on": "2026-04-30", "title": "Самообследование", "units": "edu990404"}],
        "coming": [{"due_on": "2026-06-30", "title": "План на год", "units": "edu990404"}],
    },
    "documents_ready": {
        "school_year": YEAR, "count": 21, "link": None, "kinds": [{"title": "Справка ОО", "count": 21}],
    },
    "documents_changed": {
        "school_year": YEAR, "count": 2, "more": 0, "link": None,
        "documents": [
            {"title": "Справка ОО", "unit": "edu990404", "issue": 2, "changes": 3,
             "shown": [{"place": "9 класс, математика", "was": "41", "became": "43"}]},
        ],
    },
    "old_issues": {
        "login": "edu990404", "link": None,
        "documents": [{"title": "Справка ОО", "year": YEAR, "unit": "edu990404", "had": 1, "now": 2}],
    },
}  # fmt: skip


def notice(key="one", kind="run_failed", items=()):
    return Notice(kind, key, f"Тема {key}", "Текст", items)


@pytest.fixture
def queue(tmp_path):
    return NoticeQueue(tmp_path / "notices" / "queue.sqlite")


class Channel:
    """A channel that remembers what it took and may be away."""

    def __init__(self):
        self.taken = []
        self.fault = None

    def __call__(self, subject, body):
        if self.fault is not None:
            raise self.fault
        self.taken.append((subject, body))


# Texts


@pytest.mark.parametrize("kind", list(KINDS_RU))
def test_every_kind_has_a_russian_text_of_a_subject_and_a_body(kind):
    made = write_notice(kind, "k", FACTS[kind])
    assert made.subject.startswith("ОКО: ")
    assert "\n" not in made.subject
    assert YEAR in made.subject + made.body
    assert HIDDEN_RU not in made.body
    assert "{" not in made.body
    assert "None" not in made.body


def test_numbers_go_with_the_right_forms_of_words():
    ready = write_notice("documents_ready", "k", FACTS["documents_ready"])
    assert ready.subject.replace("\xa0", " ") == f"ОКО: 21 документ готов ({YEAR})"
    changed = write_notice("documents_changed", "k", FACTS["documents_changed"])
    assert "2 выпущенных документа изменились" in changed.subject.replace("\xa0", " ")
    assert "было 41, стало 43" in changed.body
    assert "15.07.2026" in write_notice("sources_overdue", "k", FACTS["sources_overdue"]).body


@pytest.mark.parametrize("person", PLANTED)
@pytest.mark.parametrize("kind", list(KINDS_RU))
def test_a_planted_person_reaches_no_notice(kind, person):
    def planted(value):
        if isinstance(value, str):
            return value if value[:4].isdigit() or value == "one" else f"{value} {person}"
        if isinstance(value, list):
            return [planted(one) for one in value]
        if isinstance(value, dict):
            return {name: planted(one) for name, one in value.items()}
        return value

    made = write_notice(kind, "k", planted(FACTS[kind]))
    assert person not in made.subject + made.body
    assert HIDDEN_RU in made.subject + made.body


def test_data_are_never_taken_for_a_template():
    facts = FACTS["run_failed"] | {"steps": [{"name": "{{ 7 * 7 }}", "error": "{% for x in y %}"}]}
    assert "{{ 7 * 7 }} — {% for x in y %}" in write_notice("run_failed", "k", facts).body


def test_a_subject_is_one_line_whatever_stands_in_the_data():
    made = write_notice("run_failed", "k", FACTS["run_failed"] | {"job": "a\rBcc: x\x00y"})
    assert not set("\r\n\x00") & set(made.subject)


def test_a_territory_has_its_own_template_in_a_closed_box(tmp_path):
    path = tmp_path / "run_failed.txt.jinja"
    path.write_text("Сбой {{ job }}\nПозвоните дежурному", "utf-8-sig")
    made = write_notice("run_failed", "k", FACTS["run_failed"], tmp_path)
    assert (made.subject, made.body) == ("Сбой annual_cycle", "Позвоните дежурному")
    for bad in ("{{ nothing }}", "{% if %}", "{{ ''.__class__.__mro__ }}"):
        path.write_text(bad)
        with pytest.raises(TemplateError, match="run_failed"):
            write_notice("run_failed", "k", FACTS["run_failed"], tmp_path)


def test_a_long_text_is_cut_at_a_line():
    rows = [{"due_on": "2026-04-30", "title": "д" * 200, "units": "edu990404"}] * 40
    made = write_notice("reminders", "k", FACTS["reminders"] | {"overdue": rows})
    assert len(made.body) <= MOST_SIGNS + 2
    assert made.body.endswith("\n…")


def test_a_territory_chooses_its_kinds():
    assert wanted_kinds("all") == set(KINDS_RU)
    assert wanted_kinds("none") == wanted_kinds("") == set()
    assert wanted_kinds("run_failed, reminders") == {"run_failed", "reminders"}
    with pytest.raises(SettingsError, match="run_faled"):
        wanted_kinds("run_faled")


# Queue


def test_a_notice_is_sent_once_to_each_channel(queue):
    mail, bot = Channel(), Channel()
    assert queue.enter(notice(), ["mail", "bot"], NOON) == 2
    assert queue.enter(notice(), ["mail", "bot"], NOON) == 0
    first = queue.deliver({"mail": mail, "bot": bot}, NOON)
    assert (first.sent_count, first.waiting_count) == (2, 0)
    assert queue.deliver({"mail": mail, "bot": bot}, NOON + timedelta(days=1)).sent_count == 0
    assert mail.taken == bot.taken == [("Тема one", "Текст")]


def test_what_was_told_is_not_told_again(queue):
    assert queue.untold("reminders", ["a", "b"]) == ["a", "b"]
    queue.enter(notice("k", "reminders", ("a",)), ["mail"], NOON)
    assert queue.untold("reminders", ["a", "b"]) == ["b"]
    assert queue.untold("documents_ready", ["a"]) == ["a"]


def test_nothing_is_lost_while_the_server_is_away(queue):
    mail = Channel()
    mail.fault = ChannelAwayError("нет связи")
    for number in range(5):
        queue.enter(notice(str(number)), ["mail"], NOON)
    now, asked = NOON, []
    for hour in range(0, 3 * 24, 2):
        now = NOON + timedelta(hours=hour)
        asked += list(queue.deliver({"mail": mail}, now).faults)
    assert len(asked) > 20
    assert queue.waiting_count() == 5
    mail.fault = None
    later = now + timedelta(minutes=PAUSES_MINUTES[-1])
    assert queue.deliver({"mail": mail}, later).sent_count == 5
    assert sorted(subject for subject, _ in mail.taken) == [f"Тема {number}" for number in range(5)]


def test_pauses_between_attempts_grow(queue):
    mail = Channel()
    mail.fault = ChannelAwayError("нет связи")
    queue.enter(notice(), ["mail"], NOON)
    times = [minute for minute in range(90) if queue.deliver({"mail": mail}, NOON + timedelta(minutes=minute)).faults]
    assert times == [0, 1, 3, 8, 23, 83]


def test_a_channel_that_asks_to_wait_is_obeyed(queue):
    bot = Channel()
    bot.fault = ChannelAwayError("позже", 1800)
    queue.enter(notice(), ["bot"], NOON)
    queue.deliver({"bot": bot}, NOON)
    bot.fault = None
    assert queue.deliver({"bot": bot}, NOON + timedelta(minutes=29)).sent_count == 0
    assert queue.deliver({"bot": bot}, NOON + timedelta(minutes=30)).sent_count == 1


def test_one_channel_away_does_not_hold_the_others(queue):
    mail, file = Channel(), Channel()
    mail.fault = ChannelAwayError("нет связи")
    for number in range(3):
        queue.enter(notice(str(number)), ["mail", "file"], NOON)
    delivery = queue.deliver({"mail": mail, "file": file}, NOON)
    assert (delivery.sent_count, delivery.waiting_count, list(delivery.faults)) == (3, 3, ["mail"])


def test_a_refused_notice_is_set_aside_and_the_next_one_goes(queue):
    taken = []

    def send(subject, body):
        if subject == "Тема bad":
            raise RefusedError("нет такого адресата")
        taken.append(subject)

    queue.enter(notice("bad"), ["mail"], NOON)
    queue.enter(notice("good"), ["mail"], NOON + timedelta(seconds=1))
    delivery = queue.deliver({"mail": send}, NOON + timedelta(seconds=2))
    assert (delivery.refused_count, delivery.sent_count, delivery.waiting_count) == (1, 1, 0)


def test_a_sender_that_dies_leaves_the_notice_to_the_next_one(queue):
    def dies(subject, body):
        raise KeyboardInterrupt

    mail = Channel()
    queue.enter(notice(), ["mail"], NOON)
    with pytest.raises(KeyboardInterrupt):
        queue.deliver({"mail": dies}, NOON)
    assert queue.deliver({"mail": mail}, NOON + timedelta(minutes=1)).sent_count == 0
    assert queue.deliver({"mail": mail}, NOON + timedelta(minutes=11)).sent_count == 1


def test_two_senders_never_send_the_same_notice(queue):
    sent, lock = [], threading.Lock()

    def send(subject, body):
        with lock:
            sent.append(subject)

    for number in range(30):
        queue.enter(notice(str(number)), ["mail"], NOON)
    threads = [threading.Thread(target=queue.deliver, args=({"mail": send}, NOON)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == len(set(sent)) == 30


@pytest.mark.parametrize(
    ("text", "hour", "is_quiet"),
    [
        ("21:00-08:00", 22, True), ("21:00-08:00", 3, True), ("21:00-08:00", 8, False), ("21:00-08:00", 20, False),
        ("13:00-14:00", 13, True), ("13:00-14:00", 14, False), ("", 3, False),
    ],
)  # fmt: skip
def test_quiet_hours_are_those_of_the_place(text, hour, is_quiet):
    moscow = datetime(2026, 5, 20, hour, tzinfo=QuietHours.parse(text, "Europe/Moscow").zone)
    assert QuietHours.parse(text, "Europe/Moscow").hold(moscow.astimezone(UTC)) is is_quiet


def test_what_came_in_quiet_hours_is_sent_after_them_in_order(queue):
    mail, quiet = Channel(), QuietHours.parse("21:00-08:00", "Europe/Moscow")
    night = datetime(2026, 5, 20, 19, tzinfo=UTC)
    for number in range(3):
        queue.enter(notice(str(number)), ["mail"], night + timedelta(hours=number))
    for hour in range(10):
        held = queue.deliver({"mail": mail}, night + timedelta(hours=hour), quiet)
        assert held.is_quiet
        assert mail.taken == []
    assert queue.deliver({"mail": mail}, night + timedelta(hours=10), quiet).sent_count == 3
    assert [subject for subject, _ in mail.taken] == ["Тема 0", "Тема 1", "Тема 2"]


# Channels


class Mailbox(socketserver.StreamRequestHandler):
    """As much of a mail server as a message needs; `server.refusals` are answers to commands."""

    def handle(self):
        server = self.server
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].split()[0].upper()
            if word in server.refusals:
                self.say(server.refusals[word])
            elif word == "EHLO":
                self.say("250-test\r\n250 STARTTLS" if server.tls else "250 test")
            elif word == "STARTTLS":
                self.say("220 go")
                self.request = server.tls.wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
                server.protected = True
            elif word == "DATA":
                self.say("354 go")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part)
                server.messages.append(b"".join(lines).decode())
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def finish(self):
        super().finish()
        self.request.close()

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.messages, server.refusals, server.tls, server.protected = [], {}, None, False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def mail_settings(server, **more):
    named = {"smtp_security": "none"} | more
    return Settings.load(
        notices_email="a@oko.example, b@oko.example", notices_from="oko@oko.example", smtp_host="127.0.0.1",
        smtp_port=server.server_address[1], **named,
    )  # fmt: skip


def test_a_letter_reaches_a_mail_server_in_russian(mail_server):
    channels_of(mail_settings(mail_server))["email"]("ОКО: готово", "Справки — в папке «2025-2026».")
    [message] = mail_server.messages
    assert "To: a@oko.example, b@oko.example" in message
    assert "Auto-Submitted: auto-generated" in message
    assert "=?utf-8?" in message


@pytest.mark.parametrize(
    ("refusals", "fault"),
    [
        ({"RCPT": "550 no such"}, RefusedError),
        ({"RCPT": "450 busy"}, ChannelAwayError),
        ({"MAIL": "451 later"}, ChannelAwayError),
        ({"DATA": "554 spam"}, RefusedError),
        ({"DATA": "452 full"}, ChannelAwayError),
        ({"EHLO": "421 closing", "HELO": "421 closing"}, ChannelAwayError),
    ],
)
def test_answers_of_a_mail_server_are_told_apart(mail_server, refusals, fault):
    mail_server.refusals = refusals
    with pytest.raises(fault):
        send_mail(mail_settings(mail_server), ssl.create_default_context(), "a", "b")


def test_a_letter_is_never_sent_open_when_protection_is_asked_for(mail_server):
    with pytest.raises(ChannelAwayError):
        send_mail(mail_settings(mail_server, smtp_security="starttls"), ssl.create_default_context(), "a", "b")
    assert mail_server.messages == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the path of a certificate, with its key, of this computer."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_letter_goes_protected_to_a_server_that_is_trusted_and_to_no_other(mail_server, certificate):
    mail_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mail_server.tls.load_cert_chain(certificate)
    settings = mail_settings(mail_server, smtp_security="starttls")
    send_mail(settings, ssl.create_default_context(cafile=str(certificate)), "Тема", "Текст")
    assert mail_server.protected
    assert len(mail_server.messages) == 1
    mail_server.handle_error = lambda *_: None
    with pytest.raises(ChannelAwayError):
        send_mail(settings, ssl.create_default_context(), "Тема", "Текст")
    assert len(mail_server.messages) == 1


def test_a_server_that_is_not_there_is_away_and_no_secret_is_told(tmp_path):
    settings = Settings.load(
        notices_email="a@oko.example", notices_from="o@oko.example", smtp_host="127.0.0.1", smtp_port=1,
        smtp_user="user", smtp_password=SecretStr("planted-secret"), notices_webhook="http://127.0.0.1:1/botplanted-secret",
    )  # fmt: skip
    for channel in channels_of(settings).values():
        with pytest.raises(ChannelAwayError) as caught:
            channel("a", "b")
        assert "planted-secret" not in str(caught.value)
    assert "planted-secret" not in repr(settings)


def test_a_header_cannot_be_smuggled_in(mail_server):
    with pytest.raises(ValueError, match="linefeed"):
        send_mail(mail_settings(mail_server), ssl.create_default_context(), "a\r\nBcc: evil@oko.example", "b")
    assert smtplib.CRLF not in write_notice("run_failed", "k", FACTS["run_failed"] | {"job": "a\r\nBcc: x"}).subject


@pytest.fixture
def bot():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["content-length"]))
            self.server.taken.append(json.loads(content))
            self.send_response(self.server.status)
            self.send_header("retry-after", "120")
            self.end_headers()

        def log_message(self, *args):
            """Keep silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.taken, server.status = [], 200
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_json_is_such_as_bots_take(bot):
    post(f"http://127.0.0.1:{bot.server_address[1]}/sendMessage", "-100", "Тема", "Текст")
    assert bot.taken == [{"chat_id": "-100", "text": "Тема\n\nТекст", "disable_web_page_preview": True}]


@pytest.mark.parametrize(
    ("status", "fault"),
    [(400, RefusedError), (401, ChannelAwayError), (429, ChannelAwayError), (502, ChannelAwayError)],
)
def test_answers_of_an_address_are_told_apart(bot, status, fault):
    bot.status = status
    with pytest.raises(fault) as caught:
        post(f"http://127.0.0.1:{bot.server_address[1]}/x", "", "Тема", "Текст")
    assert getattr(caught.value, "seconds", 120) == 120


def test_a_file_keeps_all_notices_and_is_closed_to_others(tmp_path):
    path = tmp_path / "new" / "Извещения.txt"
    for number in range(2):
        append_to(path, "Europe/Moscow", f"Тема {number}", "Текст")
    text = path.read_text("utf-8")
    assert text.index("Тема 0") < text.index("Тема 1")
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ChannelAwayError):
        append_to(path / "under", "Europe/Moscow", "Тема", "Текст")


def test_channels_are_those_that_are_set():
    assert dict(channels_of(Settings.load())) == {}
    with pytest.raises(SettingsError, match="OKO_SMTP_HOST"):
        channels_of(Settings.load(notices_email="a@oko.example"))
    settings = Settings.load(notices_file="n.txt", notices_webhook=SecretStr("https://oko.example"))
    assert list(channels_of(settings)) == ["webhook", "file"]
