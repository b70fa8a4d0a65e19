"""All settings in one validated place. Environment variables `OKO_…` or a `.env` file; the defaults work without any.

Nothing else in the project reads the environment.
"""

import json
import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from oko_pipeline.errors import SettingsError
from oko_pipeline.key_chain import MINIMUM_BYTES, new_key, parse_keys, write_key_file
from oko_pipeline.plain_yaml import require_plain

DAGSTER_SCHEMA = "dagster"
"""The schema of Dagster's storage in the project's own PostgreSQL database."""


def _for_dagster(url: str) -> str:
    """Return the URL of a PostgreSQL database with the driver that Dagster's statements are written for."""
    return f"postgresql+psycopg2://{url.partition('://')[2]}"


def _default_key_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "oko" / "pseudonym.key"


class Settings(BaseSettings):
    """Settings of an installation. Thresholds are defaults for facts without an official source: change freely."""

    model_config = SettingsConfigDict(env_prefix="OKO_", env_file=".env", extra="forbid", env_ignore_empty=True)

    home: Path = Field(Path("var"), description="Папка данных: база, хранилище работ, отчёты, состояние Dagster")
    inbox: Path | None = Field(None, description="Входящая папка; по умолчанию inbox в папке данных")
    database_url: str | None = Field(
        None, repr=False, description="База данных (SQLAlchemy URL); по умолчанию SQLite в папке данных"
    )
    dagster_url: str | None = Field(
        None,
        repr=False,
        description="PostgreSQL для хранилища Dagster; по умолчанию схема dagster базы OKO_DATABASE_URL, если она на "
        "PostgreSQL, иначе файлы в папке данных; files — всегда файлы",
    )
    templates: Path | None = Field(None, description="Папка своих шаблонов DOCX; шаблон с тем же именем заменяет наш")
    methods: Path | None = Field(
        None, description="YAML со своими параметрами методов: «метод.параметр: значение» (docs/methods.md)"
    )
    documents: str = Field(
        "all",
        description="Виды документов, которые выпускаются, через запятую (docs/documents.md); all — все. "
        "Документы других видов не выпускаются, выпущенные раньше убираются",
    )
    programmes: str = Field(
        "modern", description="Программы территории через запятую; с «@2025-2026» — с какого учебного года начинается"
    )
    programmes_folder: Path | None = Field(
        None, description="Папка своих программ: пары файлов «код.yaml» и «код.csv» (docs/programmes.md)"
    )
    pseudonym_key: SecretStr | None = Field(None, description="Ключ псевдонимов (не короче 16 знаков) вместо файла")
    pseudonym_key_file: Path = Field(
        default_factory=_default_key_file, description="Файл ключа псевдонимов, вне репозитория"
    )
    workers: int = Field(
        0, ge=0, le=64, description="Процессов чтения и выпуска документов; 0 — по числу ядер, 1 — без процессов"
    )
    cluster: str | None = Field(
        None,
        description="Адрес планировщика Dask (tcp://узел:8786 или tls://узел:8786), если чтение и выпуск идут на "
        "кластере (docs/cluster.md); пусто — процессы этого компьютера",
    )
    cluster_wait_seconds: int = Field(
        30, ge=1, le=3600, description="Сколько секунд ждать планировщика и рабочих узлов кластера"
    )
    cluster_tls_ca: Path | None = Field(None, description="Сертификат удостоверяющего центра кластера (PEM)")
    cluster_tls_certificate: Path | None = Field(None, description="Свой сертификат для кластера (PEM)")
    cluster_tls_key: Path | None = Field(None, description="Закрытый ключ своего сертификата для кластера (PEM)")
    inbox_url: SecretStr | None = Field(
        None, description="Хранилище, из которого берутся входящие файлы: s3://…, sftp://…, file:///… (docs/cluster.md)"
    )
    publish_url: SecretStr | None = Field(
        None, description="Хранилище, в котором публикуются выпущенные документы: s3://…, sftp://…, file:///…"
    )
    publish_set: Literal["all", "public"] = Field(
        "public", description="Что публиковать: public — для сайта и принятые; all — все документы без кодов людей"
    )
    remote_options: SecretStr = Field(
        SecretStr(""),
        description='Параметры хранилищ (JSON): {"endpoint_url": "https://…", "key": "…", "secret": "…"}; для s3:// '
        "можно и обычные AWS_…",
    )
    base_url: str | None = Field(
        None, description="Адрес, по которому папка отчётов видна в браузере (для ссылок в Dagster)"
    )
    territory_ru: str = Field("", description="Название территории для титула документов")
    authority_ru: str = Field("Муниципальный орган управления образованием", description="Кто выпускает справки")
    maximum_file_mb: int = Field(200, ge=1, description="Наибольший размер файла, МБ")
    maximum_cells: int = Field(20_000_000, ge=1000, description="Наибольшее число ячеек листа")
    tier_bounds: tuple[int, int, int, int] = Field((5, 10, 20, 50), description="Границы ступеней численности групп")
    hide_below: int = Field(5, ge=1, description="Меньше этого числа участников показатель в документах скрыт")
    public_hide_below: int = Field(
        10, ge=3, description="Меньше этого числа участников показатель скрыт в документах для сайта и родителей"
    )
    base_green_percent: float = Field(60.0, description="Задания Б: зелёная зона с, %")
    base_red_percent: float = Field(57.0, description="Задания Б: красная зона ниже, %")
    high_green_percent: float = Field(30.0, description="Задания П и В: зелёная зона с, %")
    high_red_percent: float = Field(28.5, description="Задания П и В: красная зона ниже, %")
    retention_years: int = Field(
        5, ge=1, description="Сколько лет после конца учебного года хранятся данные участников и их файлы"
    )
    blocking_share: float = Field(0.02, ge=0, le=1, description="Доля недостоверных работ, с которой год блокируется")
    page_url: str | None = Field(
        None,
        description="Адрес страницы документов для людей, например https://oko.example; https включает защиту cookie",
    )
    page_dagster_url: str | None = Field(None, description="Адрес интерфейса Dagster для ссылок со страницы")
    page_is_public: bool = Field(default=False, description="Показывать принятые документы для всех без входа")
    page_upload_mb: int = Field(50, ge=1, le=500, description="Наибольший размер одной отправки файлов, МБ")
    page_check_seconds: int = Field(120, ge=5, description="Сколько секунд может длиться проверка отправленного файла")
    page_idle_minutes: int = Field(30, ge=1, description="Через сколько минут бездействия вход заканчивается")
    page_session_hours: int = Field(12, ge=1, description="Через сколько часов вход заканчивается в любом случае")
    page_oidc_issuer: str | None = Field(None, description="Адрес поставщика входа OIDC; пусто — только свои записи")
    page_oidc_client_id: str = Field("", description="Код программы у поставщика входа")
    page_oidc_client_secret: SecretStr = Field(SecretStr(""), description="Секрет программы у поставщика входа")
    page_oidc_claim: str = Field("preferred_username", description="Какое поле поставщика входа — имя учётной записи")

    time_zone: str = Field(
        "Europe/Moscow", description="Часовой пояс расписаний и тихих часов; пояс с переводом часов не подходит"
    )
    inbox_settle_seconds: int = Field(
        30, ge=0, le=3600, description="Сколько секунд файл входящей папки не должен меняться, чтобы считаться целым"
    )
    run_logs_days: int = Field(
        400, ge=30, description="Сколько дней хранятся журналы запусков Dagster; последние запуски остаются всегда"
    )
    documents_years: int = Field(
        0, ge=0, description="Сколько лет после конца учебного года хранятся документы; 0 — всегда"
    )
    notices: str = Field(
        "all", description="Какие извещения слать, через запятую (docs/schedules.md); all — все, none — никаких"
    )
    notices_quiet: str = Field("21:00-08:00", description="Тихие часы: извещения ждут их конца; none — тихих часов нет")
    notices_templates: Path | None = Field(None, description="Папка своих шаблонов извещений (Jinja)")
    notices_file: Path | None = Field(None, description="Файл, в который извещения дописываются; пусто — не пишутся")
    notices_email: str = Field("", description="Кому слать извещения почтой, через запятую; пусто — почтой не слать")
    notices_from: str = Field("", description="Адрес отправителя извещений; пусто — имя входа на почтовый сервер")
    smtp_host: str = Field("", description="Почтовый сервер")
    smtp_port: int = Field(587, ge=1, le=65535, description="Порт почтового сервера")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="Защита почты: starttls, tls (порт 465), none — только для сервера этого компьютера"
    )
    smtp_user: str = Field("", description="Имя входа на почтовый сервер; пусто — без входа")
    smtp_password: SecretStr = Field(SecretStr(""), description="Пароль почтового сервера")
    notices_webhook: SecretStr | None = Field(
        None, description="Адрес для извещений в JSON (как у ботов Telegram: …/sendMessage); содержит секрет"
    )
    notices_chat: str = Field("", description="Поле chat_id извещений в JSON; пусто — без него")

    @field_validator("tier_bounds")
    @classmethod
    def _bounds_grow(cls, bounds: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        if list(bounds) != sorted(set(bounds)) or bounds[0] < 1:
            raise ValueError("границы ступеней должны возрастать")
        return bounds

    @field_validator("time_zone")
    @classmethod
    def _clocks_stand(cls, time_zone: str) -> str:
        try:
            zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"часового пояса «{time_zone}» нет; пример: Asia/Yekaterinburg") from error
        today = datetime.now(UTC)
        if len({(today + timedelta(days=day)).astimezone(zone).utcoffset() for day in range(0, 366, 7)}) > 1:
            raise ValueError(
                f"в часовом поясе «{time_zone}» переводят часы: расписания пропускались бы или повторялись"
            )
        return time_zone

    @field_validator("cluster")
    @classmethod
    def _cluster_is_an_address(cls, address: str | None) -> str | None:
        if address is not None and not re.fullmatch(r"(tcp|tls)://[^\s/@]+:\d{1,5}/?", address):
            raise ValueError("адрес кластера пишется так: tcp://узел:8786 или tls://узел:8786, без имени и пароля")
        return address

    @field_validator("notices_quiet")
    @classmethod
    def _hours_are_two(cls, hours: str) -> str:
        # An empty variable is one that is not set: the default would stand.
        if hours in {"", "none"}:
            return ""
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", hours):
            raise ValueError("тихие часы пишутся так: 21:00-08:00; none — тихих часов нет")
        return hours

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the settings; raises `SettingsError` in Russian naming every faulty one."""
        try:
            settings = cls(**{name: value for name, value in overrides.items() if value is not None})  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            lines = [
                f"  OKO_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
                for fault in error.errors()
            ]
            raise SettingsError("Ошибки в настройках:\n" + "\n".join(lines)) from error
        # Absolute: worker processes and nodes have other working folders.
        templates = None if settings.templates is None else settings.templates.expanduser().resolve()
        return settings.model_copy(update={"home": settings.home.expanduser().resolve(), "templates": templates})

    @property
    def inbox_folder(self) -> Path:
        """Return the inbox folder, absolute."""
        return (self.inbox or self.home / "inbox").expanduser().resolve()

    @property
    def cluster_tls(self) -> tuple[tuple[str, Path], ...]:
        """Return the files of the cluster's TLS by the names that Dask gives them; empty when none is set."""
        files = {
            "tls_ca_file": self.cluster_tls_ca,
            "tls_client_cert": self.cluster_tls_certificate,
            "tls_client_key": self.cluster_tls_key,
        }
        return tuple((name, file.expanduser().resolve()) for name, file in files.items() if file is not None)

    @property
    def sqlalchemy_url(self) -> str:
        """Return the database URL; SQLite in the home folder unless set."""
        return self.database_url or f"sqlite:///{self.home / 'oko.sqlite'}"

    @property
    def dagster_storage_url(self) -> str | None:
        """Return the PostgreSQL database of Dagster's own storage; None when it is files in `dagster_folder`."""
        own = self.dagster_url
        if own == "files" or (own is None and not (self.database_url or "").startswith("postgresql")):
            return None
        if own is not None:
            return _for_dagster(own)
        # A schema of its own: both keep revisions of their tables and either may be restored without the other.
        url = _for_dagster(str(self.database_url))
        return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{DAGSTER_SCHEMA}"

    @property
    def restricted_folder(self) -> Path:
        """Return the folder of pupil-level data (pseudonymous works)."""
        return self.home / "restricted"

    @property
    def reports_folder(self) -> Path:
        """Return the folder of documents."""
        return self.home / "reports"

    @property
    def page_folder(self) -> Path:
        """Return the folder of the documents page: accounts, sessions, audit log, files being checked."""
        return self.home / "page"

    @property
    def dagster_folder(self) -> Path:
        """Return the folder of Dagster's own state (DAGSTER_HOME)."""
        return self.home / "dagster"

    @property
    def notices_folder(self) -> Path:
        """Return the folder of notices: the queue of what is not sent yet."""
        return self.home / "notices"

    @property
    def worker_count(self) -> int:
        """Return the number of worker processes."""
        return self.workers or os.cpu_count() or 1

    @cached_property
    def method_overrides(self) -> dict[str, Any]:
        """Return a territory's own parameters of methods, «family.method.parameter» → value; none without a file.

        Raises:
            SettingsError: when the file cannot be read or is no flat mapping.
        """
        if self.methods is None:
            return {}
        try:
            text = self.methods.expanduser().read_text("utf-8")
            require_plain(text)
            content = yaml.safe_load(text)
        except (OSError, yaml.YAMLError) as error:
            raise SettingsError(f"Файл параметров методов {self.methods} не читается: {error}.") from error
        if not isinstance(content, dict) or any(isinstance(value, dict) for value in content.values()):
            raise SettingsError(
                f"Файл параметров методов {self.methods}: ожидались строки «метод.параметр: значение» без вложенности."
            )
        return {str(name): value for name, value in content.items()}

    @property
    def remote_storage_options(self) -> dict[str, Any]:
        """Return the options of the stores by URL.

        Raises:
            SettingsError: when they are no JSON object; what they are is not shown.
        """
        try:
            options = json.loads(self.remote_options.get_secret_value() or "{}")
        except ValueError:
            options = None
        if not isinstance(options, dict):
            raise SettingsError('OKO_REMOTE_OPTIONS: ожидался JSON вида {"endpoint_url": "https://…", "key": "…"}.')
        return options

    @cached_property
    def pseudonym_keys(self) -> tuple[bytes, ...]:
        """Return the pseudonym keys, the first one first; makes the key file (rights 600) at first use.

        Raises:
            SettingsError: when a key is too short or the file cannot be made or read.
        """
        if self.pseudonym_key is not None:
            keys = (self.pseudonym_key.get_secret_value().encode(),)
        else:
            keys = self._keys_from_file()
        if any(len(key) < MINIMUM_BYTES for key in keys):
            raise SettingsError(
                "Ключ псевдонимов короче 16 знаков: задайте OKO_PSEUDONYM_KEY или другой файл OKO_PSEUDONYM_KEY_FILE."
            )
        return keys

    def forget_pseudonym_keys(self) -> None:
        """Read the key file anew at next use: the key was changed."""
        vars(self).pop("pseudonym_keys", None)

    def _keys_from_file(self) -> tuple[bytes, ...]:
        path = self.pseudonym_key_file.expanduser()
        try:
            if not path.exists():
                # Another process may make it at the same moment; its key is as good.
                with suppress(FileExistsError):
                    write_key_file(path, new_key().decode())
            return parse_keys(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"Файл ключа псевдонимов {path} не читается и не создаётся: {error}.") from error
