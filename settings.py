"""Every setting, read once at an entry point (`starter.py`, `worker.py`) and handed down from there.

Temporal's own settings (address, namespace, TLS, API key, profiles) are not repeated here: `temporalio.envconfig` reads
them from `TEMPORAL_*` and from Temporal's TOML file. docs/settings.md lists both; a test compares the list with this file.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What may differ from one installation to the next. Environment names: `MEGURI_` + the field, upper case."""

    model_config = SettingsConfigDict(env_prefix="MEGURI_", frozen=True, extra="ignore")

    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL, as `postgresql://user:password@host:5432/name`; unset: the server of `meguri up`",
    )
    var: Path = Field(default=Path("var"), description="folder of the embedded servers: their data, logs and addresses")
    locale: Literal["ja", "en"] | None = Field(
        default=None, description="language of the command line; unset: Japanese where `LANG` says so, else English"
    )
    database_pool: int = Field(default=10, ge=1, le=200, description="database connections a process may hold")
    cached_goals: int = Field(
        default=1000, ge=10, description="goals a worker process keeps in memory; others are replayed when they wake"
    )
    channel: Literal["console", "mail", "chat", "null"] = Field(
        default="console", description="where notices go, unless a person chose another way (`meguri prefer`)"
    )
    digest: Literal["daily", "minute"] = Field(
        default="daily",
        description="daily: what can wait is one message per person and working day; minute: everything goes at the next look",
    )
    public_url: str | None = Field(
        default=None, description="address under which people reach the pages, for links in notices; unset: commands"
    )
    smtp_url: str = Field(
        default="smtp://127.0.0.1:25",
        description="mail server: `smtp://` plain, `smtp+starttls://`, `smtps://`; `user:password@` where it asks for one",
        repr=False,
    )
    chat_url: str | None = Field(
        default=None, description="the company's incoming webhook of Slack or Teams", repr=False
    )
    chat_format: Literal["slack", "teams"] = Field(default="slack", description="what that webhook expects")
    hook_url: str | None = Field(
        default=None, description="address of another system that gets every ledger event, signed", repr=False
    )
    hook_secret: str | None = Field(
        default=None, description="key of the signature, `whsec_` and base64 (Standard Webhooks)", repr=False
    )
    mail_from: str = Field(default="meguri@localhost", description="sender of the mails")
    delivery_seconds: int = Field(default=60, ge=1, description="seconds between two looks at what is due to be sent")
    health_address: str | None = Field(
        default=None,
        description="`host:port` that answers `/healthz` (the process lives) and `/readyz` (servers reached)",
    )
    metrics_address: str | None = Field(default=None, description="`host:port` that answers Prometheus at `/metrics`")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: JSON when not on a terminal"
    )
