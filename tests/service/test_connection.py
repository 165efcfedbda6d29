"""The addresses of the servers, and the errors when they cannot be reached."""

import asyncio
import fcntl
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from domain.values import Locale
from embedded import addresses
from embedded.addresses import Addresses
from service.connection import Unreachable, connect_database, connect_temporal, is_loopback, resolve
from settings import Settings
from storage.database_url import for_asyncpg, for_sqlalchemy, read_url, shown
from tests.servers import Postgres
from texts.say import say_both, say_with_hint

HERE = Addresses(
    database_url="postgresql://postgres:@/meguri?host=/nowhere",
    temporal_address="127.0.0.1:7777",
    ui_address="http://127.0.0.1:8888",
)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Removes all settings from the environment, and the Temporal profile of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith(("TEMPORAL_", "MEGURI_")) or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "temporal.toml"))


def settings_in(var: Path, database_url: str | None = None) -> Settings:
    return Settings.model_validate({"var": var, "DATABASE_URL": database_url})


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_without_settings_the_servers_of_this_machine_are_found(tmp_path: Path) -> None:
    addresses.write(tmp_path, HERE)
    found = resolve(settings_in(tmp_path))
    assert (found.database_url, found.temporal_address) == (HERE.database_url, HERE.temporal_address)
    assert found.temporal_namespace == "default"
    assert found.ui_address == HERE.ui_address
    assert found.database_named_by == found.temporal_named_by == str(tmp_path / "addresses.json")


def test_settings_go_before_the_servers_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses.write(tmp_path, HERE)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "goals")
    found = resolve(settings_in(tmp_path, "postgresql://u:p@db.example/meguri"))
    assert found.database_url == "postgresql://u:p@db.example/meguri"
    assert found.database_shown == "postgresql://u:***@db.example/meguri"
    assert (found.temporal_address, found.temporal_namespace) == ("temporal.example:7233", "goals")
    assert found.ui_address is None


def test_a_profile_of_temporals_own_configuration_file_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporal.toml").write_text('[profile.prod]\naddress = "prod.example:7233"\nnamespace = "goals"\n')
    addresses.write(tmp_path, HERE)
    assert resolve(settings_in(tmp_path)).temporal_address == HERE.temporal_address
    monkeypatch.setenv("TEMPORAL_PROFILE", "prod")
    found = resolve(settings_in(tmp_path))
    assert (found.temporal_address, found.temporal_namespace) == ("prod.example:7233", "goals")


def test_a_namespace_alone_still_means_the_server_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses.write(tmp_path, HERE)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "goals")
    found = resolve(settings_in(tmp_path))
    assert (found.temporal_address, found.temporal_namespace) == (HERE.temporal_address, "goals")


@pytest.mark.parametrize(("name", "value"), [("TEMPORAL_PROFILE", "absent"), ("TEMPORAL_CONFIG_FILE", None)])
def test_a_profile_that_is_missing_or_broken_is_an_error_and_not_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    addresses.write(tmp_path, HERE)
    if value is None:
        (tmp_path / "temporal.toml").write_text("[profile.default\n")
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(Unreachable, match="TEMPORAL_PROFILE") as raised:
        resolve(settings_in(tmp_path))
    assert raised.value.server == "Temporal"


@pytest.mark.parametrize("database_url", [None, "postgresql://u:p@db.example/meguri"])
def test_a_server_that_is_named_nowhere_is_said_with_the_places_that_were_looked_at(
    tmp_path: Path, database_url: str | None
) -> None:
    with pytest.raises(Unreachable) as raised:
        resolve(settings_in(tmp_path, database_url))
    missing, variable = ("PostgreSQL", "DATABASE_URL") if database_url is None else ("Temporal", "TEMPORAL_ADDRESS")
    assert raised.value.server == missing
    assert variable in raised.value.looked_at
    assert str(tmp_path / "addresses.json") in raised.value.looked_at
    assert "meguri up" in say_with_hint(raised.value.message, Locale.JA)
    assert "meguri up" in say_with_hint(raised.value.message, Locale.EN)
    assert "`meguri up`" not in str(say_both(raised.value.message))


def test_a_broken_address_file_is_said_and_not_guessed_around(tmp_path: Path) -> None:
    (tmp_path / "addresses.json").write_text("{")
    with pytest.raises(Unreachable, match=r"error\.bad_addresses"):
        resolve(settings_in(tmp_path))


async def test_the_database_is_reached_by_its_setting(empty_database_url: str, tmp_path: Path) -> None:
    engine = await connect_database(settings_in(tmp_path, empty_database_url))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_database()")) in empty_database_url
    await engine.dispose()


async def test_a_database_that_is_not_there_is_told_apart_from_a_server_that_is_not(
    postgres: Postgres, tmp_path: Path
) -> None:
    absent = postgres.url.replace("/meguri?", "/absent?")
    with pytest.raises(Unreachable, match=r"error\.no_such_database"):
        await connect_database(settings_in(tmp_path, absent))
    with pytest.raises(Unreachable, match=r"error\.no_database"):
        await connect_database(settings_in(tmp_path, f"postgresql://u:p@127.0.0.1:{closed_port()}/meguri"))


async def test_the_password_is_not_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as raised:
        await connect_database(settings_in(tmp_path, f"postgresql://meguri:hush@127.0.0.1:{closed_port()}/meguri"))
    assert "hush" not in str(say_both(raised.value.message))
    assert "meguri:***@127.0.0.1" in raised.value.looked_at


@pytest.mark.parametrize("url", ["not a url", "mysql://u:p@h/d", "postgresql://u:p@h:port/d", "postgresql://[::1/d"])
async def test_a_malformed_database_url_is_said_with_the_right_form(tmp_path: Path, url: str) -> None:
    with pytest.raises(Unreachable, match=r"error\.bad_url"):
        await connect_database(settings_in(tmp_path, url))


@pytest.mark.parametrize(
    ("options", "why", "what"),
    [
        ("password=hush", "bad_url_option", "password"),
        ("user=a&sslpassword=hush", "bad_url_option", "sslpassword"),
        ("sslmode=hush", "bad_sslmode", "sslmode"),
    ],
)
async def test_a_wrong_option_of_the_url_is_named_and_its_value_is_not_shown(
    tmp_path: Path, options: str, why: str, what: str
) -> None:
    with pytest.raises(Unreachable, match=rf"error\.{why}") as raised:
        await connect_database(settings_in(tmp_path, f"postgresql://u:p@127.0.0.1:{closed_port()}/meguri?{options}"))
    assert raised.value.looked_at == f"DATABASE_URL ({what})"
    assert "hush" not in str(say_both(raised.value.message))


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
def test_each_ssl_mode_of_postgresql_is_taken(mode: str) -> None:
    assert read_url(f"postgresql://u:p@db.example/meguri?sslmode={mode}").query == {"sslmode": mode}


def test_a_url_is_shown_without_its_password_and_without_options_that_may_be_secret() -> None:
    url = read_url("postgres://u:hush@/meguri?host=/run/db&port=5433")
    assert shown(url) == "postgresql://u:***@/meguri?host=%2Frun%2Fdb&port=5433"
    assert shown(url.update_query_dict({"password": "hush"})) == shown(url)


def test_both_drivers_get_the_ssl_mode_of_the_url() -> None:
    url = for_sqlalchemy("postgres://u:p@db.example/meguri?sslmode=verify-full")
    assert url.query == {"ssl": "verify-full"}
    assert for_asyncpg(url) == "postgresql://u:p@db.example/meguri?sslmode=verify-full"


async def test_temporal_is_reached_at_the_address_of_this_machines_servers(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    address = temporal.client.service_client.config.target_host
    addresses.write(tmp_path, HERE.model_copy(update={"temporal_address": address}))
    client = await connect_temporal(settings_in(tmp_path), identity="tester")
    assert client.identity == "tester"
    assert (await client.count_workflows()).count >= 0


async def test_pydantic_models_travel_as_payloads(temporal: WorkflowEnvironment, tmp_path: Path) -> None:
    class Sample(BaseModel):
        text: str

    address = temporal.client.service_client.config.target_host
    client = await connect_temporal(settings_in(tmp_path), at=address)
    payload = (await client.data_converter.encode([Sample(text="目標")]))[0]
    assert (await client.data_converter.decode([payload], [Sample])) == [Sample(text="目標")]


async def test_a_temporal_that_does_not_answer_is_said_within_seconds(tmp_path: Path) -> None:
    address = f"127.0.0.1:{closed_port()}"
    addresses.write(tmp_path, HERE.model_copy(update={"temporal_address": address}))
    async with asyncio.timeout(8):
        with pytest.raises(Unreachable, match=address) as raised:
            await connect_temporal(settings_in(tmp_path))
    assert "addresses.json" in raised.value.looked_at


async def test_a_listener_that_never_says_a_word_does_not_hold_a_command_for_ever(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with asyncio.timeout(12):
            with pytest.raises(Unreachable):
                await connect_temporal(settings_in(tmp_path), at=f"127.0.0.1:{port}")
            with pytest.raises(Unreachable):
                await connect_database(settings_in(tmp_path, f"postgresql://u:p@127.0.0.1:{port}/meguri"))


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1:7233", True),
        ("localhost:7233", True),
        ("[::1]:7233", True),
        ("http://127.0.0.1:7233", True),
        ("10.0.0.1:7233", False),
        ("temporal.example:7233", False),
        ("localhost.example:7233", False),
    ],
)
def test_only_this_machine_counts_as_near(address: str, near: bool) -> None:
    assert is_loopback(address) is near


@pytest.mark.parametrize("connect", [connect_database, connect_temporal])
async def test_while_meguri_up_starts_a_dead_server_again_nobody_is_told_to_run_it(
    tmp_path: Path, connect: Callable[[Settings], Awaitable[object]]
) -> None:
    addresses.write(tmp_path, HERE.model_copy(update={"temporal_address": f"127.0.0.1:{closed_port()}"}))
    with (tmp_path / addresses.LOCK_NAME).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unreachable, match=r"error\.restarting"):
            await connect(settings_in(tmp_path))
    with pytest.raises(Unreachable, match=r"error\.no_(database|temporal)"):
        await connect(settings_in(tmp_path))
