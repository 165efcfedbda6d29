"""All settings. The entry points (`starter.py`, `worker.py`) read them once and pass them on.

Temporal's own settings (address, namespace, TLS, API key, profiles) are not repeated here: `temporalio.envconfig` reads
them from `TEMPORAL_*` and from Temporal's TOML file. docs/settings.md lists both; a test compares the list with this file.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_SECRETS = Path("/run/secrets")  # where containers get secrets as files; each file has the name of its variable


class Settings(BaseSettings):
    """The settings of an installation. Environment variable: `MEGURI_` and the field's name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix="MEGURI_",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        secrets_dir=_SECRETS if _SECRETS.is_dir() else None,
    )

    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL, as `postgresql://user:password@host:5432/name`; unset: the server of `meguri up`",
    )
    database_password: str | None = Field(
        default=None, description="password of the database, in the place of the one in `DATABASE_URL`", repr=False
    )
    database_worker: str | None = Field(
        default=None,
        description="role of the workers, where another role owns the tables: `meguri migrate` gives it its rights",
    )
    var: Path = Field(
        default=Path("var"), description="folder with the data, logs and addresses of the embedded servers"
    )
    locale: Literal["ja", "en"] | None = Field(
        default=None, description="language of the command line; unset: Japanese if `LANG` says so, else English"
    )
    company_locale: Literal["ja", "en"] = Field(
        default="ja",
        description="language of people for whom the file of people names none: of their notices and first drafts",
    )
    database_pool: int = Field(default=10, ge=1, le=200, description="most database connections of a process")
    database_statement_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="longest time of a database statement; 0: no limit. Imports get 30 minutes",
    )
    database_lock_seconds: int = Field(
        default=20,
        ge=0,
        le=3600,
        description="longest wait for a lock in the database; 0: no limit. Imports get 5 minutes",
    )
    database_idle_seconds: int = Field(
        default=300, ge=0, le=86_400, description="longest pause inside a database transaction; 0: no limit"
    )
    cached_goals: int = Field(
        default=1000,
        ge=10,
        description="goals that a worker process keeps in memory; other goals are replayed when they are needed",
    )
    drain_seconds: int = Field(
        default=20,
        ge=1,
        le=600,
        description="after SIGTERM, seconds for a worker to finish what it has begun; it exits 15 seconds later at the latest",
    )
    channel: Literal["console", "mail", "chat", "null"] = Field(
        default="console", description="channel of notices, unless a person chose another one (`meguri prefer`)"
    )
    digest: Literal["daily", "minute"] = Field(
        default="daily",
        description="daily: notices that are not urgent are one message per person and working day; minute: all are sent at once",
    )
    public_url: str | None = Field(
        default=None,
        description="address of the pages, for links in notices (unset: notices show commands); the web server then refuses requests "
        "to another host, and uses it to sign in",
    )
    smtp_url: str = Field(
        default="smtp://127.0.0.1:25",
        description="mail server: `smtp://` (not encrypted), `smtp+starttls://` or `smtps://`; `user:password@` if it needs a login",
        repr=False,
    )
    chat_url: str | None = Field(
        default=None, description="the company's incoming webhook of Slack or Teams", repr=False
    )
    chat_format: Literal["slack", "teams"] = Field(
        default="slack", description="format of the messages to that webhook"
    )
    chat_private_hosts: bool = Field(
        default=False, description="whether people's own webhooks may be on a private network, such as the company's"
    )
    hook_url: str | None = Field(
        default=None, description="address of another system that gets every ledger event, signed", repr=False
    )
    hook_secret: str | None = Field(
        default=None, description="key of the signature, `whsec_` and base64 (Standard Webhooks)", repr=False
    )
    hook_key: str | None = Field(
        default=None,
        description="key of which the secrets of receivers of events (`meguri hook`) are made: base64 of at least 32 random bytes, the same for web "
        "servers and workers; unset: no receiver can be made",
        repr=False,
    )
    hook_private_hosts: bool = Field(
        default=False, description="whether such receivers may be on a private network, such as the company's"
    )
    mail_from: str = Field(default="meguri@localhost", description="sender of the mails")
    delivery_seconds: int = Field(default=60, ge=1, description="seconds between two deliveries of due notices")
    web_address: str = Field(default="127.0.0.1:8080", description="`host:port` of the web server")
    web_rate: int = Field(
        default=600,
        ge=0,
        description="most requests of one API token in a minute, over all web servers; from one address without a valid token a tenth; 0: no limit",
    )
    scim_quiet_seconds: int = Field(
        default=60,
        ge=1,
        le=3600,
        description="seconds without a change by SCIM after which all changes since the last time are applied as one; at the latest after ten times as long",
    )
    scim_owns: str = Field(
        default="name,mail,department,manager,active",
        pattern=r"^((name|mail|department|manager|active|title|locale)(,|$))+$",
        description="fields of people that SCIM keeps, of `name`, `mail`, `department`, `manager`, `active`, `title`, `locale`; a file of people keeps the "
        "others, and all fields of people whom SCIM does not know",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="issuer of the OpenID Connect provider by which people sign in, such as `https://login.example.com`; unset: no sign-in. "
        "Needs the public URL",
    )
    oidc_client_id: str | None = Field(default=None, description="name of this installation at the provider")
    oidc_client_secret: str | None = Field(
        default=None, description="its secret there; unset: the provider asks for none", repr=False
    )
    oidc_claim: str = Field(
        default="email",
        description="claim by which the provider's account is matched to the directory at the first sign-in: `email`, which the provider must "
        "have verified, or the name of the claim with the employee number",
    )
    oidc_roles_claim: str | None = Field(
        default=None,
        description="claim whose values give roles at each sign-in, such as `groups`: a text or a list of texts; unset: roles are given by people alone",
    )
    oidc_roles: str | None = Field(
        default=None,
        description="which value of that claim gives which role (`directory`, `auditor`, `system`): `VALUE:ROLE`, several separated by commas",
    )
    passkeys: bool = Field(
        default=False,
        description="whether people sign in by passkeys, which they add by a link (`meguri identity invite`); beside a provider or without one. "
        "Needs the public URL, by https and a name; beside `meguri up`, `localhost` is used",
    )
    choose_person: bool = Field(
        default=False,
        description="whether a browser on this machine may choose whose session it gets: to try out `meguri up` and `meguri demo`. "
        "Only there, at a loopback address, without a public URL, a provider and passkeys",
    )
    session_idle_minutes: int = Field(
        default=120, ge=5, le=10_080, description="minutes without a request after which a session in a browser is over"
    )
    session_hours: int = Field(
        default=12, ge=1, le=720, description="hours after which a session in a browser is over, used or not"
    )
    cors_origins: str | None = Field(
        default=None,
        description="origins of other sites whose pages may use the API with a token, separated by commas, such as "
        "`https://intranet.example.com`; unset: none. A session in the browser never counts there",
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` the web server believes, separated by commas; unset: none",
    )
    health_address: str | None = Field(
        default=None,
        description="`host:port` of the health checks `/healthz` (the process runs) and `/readyz` (it reaches the servers; "
        "`tables` in its answer is what the worker's last daily check of the tables found)",
    )
    metrics_address: str | None = Field(
        default=None, description="`host:port` of the Prometheus metrics at `/metrics`, of a worker or of a web server"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="lowest level that is logged"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: JSON unless the output is a terminal"
    )
