"""Checks docker-compose.yml without Docker: against the schema of the Compose specification, and for what the schema cannot check."""

import asyncio
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from embedded import postgres
from embedded.wheels import postgres_programs
from tests.servers import running_postgres

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

# `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR:?message}`; `$$` is a dollar sign for the program in the container.
VARIABLE = re.compile(r"(?<!\$)(?:\$\$)*\$(?:\{(?P<braced>\w+)(?P<rest>[^}]*)\}|(?P<bare>\w+))")
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}


def load(text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(text)
    return document


COMPOSE = load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def specification() -> Validator:
    schema = get_builtin_schema("vendor.compose-spec")
    dialect = validator_for(schema)  # the one it is written in: another would let slips through
    dialect.check_schema(schema)
    return dialect(schema)


def dependencies() -> Iterator[tuple[str, str, str]]:
    """Triples: the waiting service, the service for which it waits, and the condition."""
    for name, service in SERVICES.items():
        for target, how in service.get("depends_on", {}).items():
            yield name, target, how["condition"]


def variables() -> dict[str, set[str]]:
    """Each variable with the rest of its expression: a default or an error message."""
    found: dict[str, set[str]] = {}
    for match in VARIABLE.finditer(TEXT):
        found.setdefault(match["braced"] or match["bare"], set()).add(match["rest"] or "")
    for secret in COMPOSE["secrets"].values():  # Compose refuses to start where the variable is not set
        found.setdefault(secret["environment"], set())
    return found


def documented() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_file_obeys_the_compose_specification() -> None:
    assert [f"{error.json_path}: {error.message}" for error in specification().iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("stop_grace_period: 60s", "stop_grace_periode: 60s"),
        ("condition: service_healthy", "condition: service_is_healthy"),
        ("init: true", "init: [yes]"),
    ],
)
def test_the_schema_sees_a_slip_so_its_silence_means_something(right: str, wrong: str) -> None:
    assert right in TEXT
    assert list(specification().iter_errors(load(TEXT.replace(right, wrong, 1))))


def test_whoever_is_waited_for_exists_and_can_reach_the_state_that_is_waited_for() -> None:
    assert list(dependencies())
    for name, target, condition in dependencies():
        assert target in SERVICES, f"{name} waits for {target}, which is not there"
        if condition == "service_healthy":
            assert "healthcheck" in SERVICES[target], f"{name} waits until {target} is healthy; nothing checks that"
        else:
            assert condition == "service_completed_successfully"
        assert (target in ONE_SHOT) == (condition == "service_completed_successfully"), f"{name} waits for {target}"


def test_what_runs_once_is_not_started_again_after_it_ended_well() -> None:
    for name, service in SERVICES.items():
        assert service["restart"].startswith("on-failure:" if name in ONE_SHOT else "unless-stopped"), name


def test_nobody_waits_in_a_circle() -> None:
    waits = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while ready := {name for name, others in waits.items() if not others}:
        waits = {name: others - ready for name, others in waits.items() if name not in ready}
    assert waits == {}


def test_every_variable_is_documented_and_every_documented_one_is_used() -> None:
    assert set(variables()) == set(documented())


def test_secrets_have_no_default_and_stop_the_start_when_they_are_missing() -> None:
    secrets = {name: rests for name, rests in variables().items() if name.endswith("PASSWORD")}
    assert len(secrets) == 4
    for name, rests in secrets.items():
        assert name in COMPOSE["secrets"]
        assert all(rest.startswith(":?") and len(rest) > 2 for rest in rests), name
        assert documented()[name] == ""


def test_our_containers_get_passwords_as_files_alone() -> None:
    for name in ("postgresql", "migrate", "worker", "web"):
        service = SERVICES[name]
        assert not re.search(r"\$\{\w*PASSWORD", str(service["environment"])), name
        assert "PASSWORD:" not in str(service["environment"].get("DATABASE_URL", "")), name
        assert service["secrets"], name


def test_no_service_may_gain_rights_or_take_all_memory() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
    assert all(SERVICES[name]["read_only"] for name in ("postgresql", "migrate", "worker", "web"))
    assert [name for name, service in SERVICES.items() if "cap_add" in service] == ["postgresql"]


def test_the_workers_role_is_not_the_one_that_owns_the_tables() -> None:
    urls = {name: SERVICES[name]["environment"]["DATABASE_URL"] for name in ("migrate", "worker", "web")}
    worker = SERVICES["migrate"]["environment"]["MEGURI_DATABASE_WORKER"]
    assert {name: urlsplit(url).username for name, url in urls.items()} == {
        "migrate": "meguri_owner", "worker": worker, "web": worker,
    }  # fmt: skip


def test_the_worker_or_the_web_server_gets_every_setting_that_is_offered() -> None:
    offered = {name for name in documented() if name.startswith("MEGURI_") and not name.endswith("PASSWORD")}
    of_the_web = {
        "MEGURI_TRUSTED_PROXIES",
        "MEGURI_CORS_ORIGINS",
        *(name for name in offered if name.startswith("MEGURI_OIDC_")),
    }
    assert offered - of_the_web - {"MEGURI_WEB_PORTS"} <= set(SERVICES["worker"]["environment"])
    assert of_the_web <= set(SERVICES["web"]["environment"])


def test_a_default_in_the_file_is_the_default_that_is_documented() -> None:
    defaults = {name: rests for name, rests in variables().items() if not name.endswith("PASSWORD")}
    assert defaults == {name: {f":-{documented()[name]}"} for name in defaults}


def test_images_are_pinned_to_a_release() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d+(\.\d+)+(-[\w.-]+)?", image), f"{image} may be another one tomorrow"


def test_temporals_schema_is_set_up_by_the_tools_of_the_servers_own_release() -> None:
    tags = {SERVICES[name]["image"].split(":")[1] for name in ("temporal", "temporal-schema", "temporal-namespace")}
    assert len(tags) == 1


def test_our_image_carries_our_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {SERVICES[name]["image"] for name in ("migrate", "worker", "web")} == {f"meguri:{version}"}


def test_a_worker_can_run_many_times_on_one_host() -> None:
    worker = SERVICES["worker"]
    assert "container_name" not in worker
    assert "ports" not in worker
    assert "hostname" not in worker
    assert "volumes" not in worker


def test_a_worker_has_a_minute_to_finish_after_sigterm() -> None:
    assert SERVICES["worker"]["stop_signal"] == "SIGTERM"
    assert SERVICES["worker"]["stop_grace_period"] == "60s"
    assert "/healthz" in " ".join(SERVICES["worker"]["healthcheck"]["test"])
    assert SERVICES["worker"]["environment"]["MEGURI_HEALTH_ADDRESS"] in " ".join(
        SERVICES["worker"]["healthcheck"]["test"]
    )


def test_nothing_is_open_beyond_this_host() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert str(port).startswith("127.0.0.1:"), name


def test_mounts_name_what_is_declared() -> None:
    for name, service in SERVICES.items():
        assert {mount["source"] for mount in service.get("configs", [])} <= set(COMPOSE["configs"]), name
        secrets = {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}
        assert secrets <= set(COMPOSE["secrets"]), name
        assert {mount.split(":")[0] for mount in service.get("volumes", [])} <= set(COMPOSE["volumes"]), name


def scripts() -> dict[str, str]:
    """The shell scripts in the file, as the shell in the container gets them."""
    inline = {
        name: service["command"][0] for name, service in SERVICES.items() if "sh" in str(service.get("entrypoint"))
    }
    inline["create-databases"] = COMPOSE["configs"]["create-databases"]["content"]
    return {name: script.replace("$$", "$") for name, script in inline.items()}


@pytest.mark.parametrize("name", ["temporal-schema", "temporal-namespace", "create-databases"])
def test_an_inline_script_is_one_that_a_shell_can_read(name: str) -> None:
    subprocess.run(["sh", "-n"], input=scripts()[name], text=True, check=True)


@pytest.mark.slow
async def test_the_first_start_makes_a_database_and_a_role_for_each_program(tmp_path: Path) -> None:
    secret = 'it\'s $HOME \\ "quoted"'
    async with running_postgres() as server:
        await server.execute(f"DROP DATABASE {postgres.DATABASE}")
        for name in ("TEMPORAL_DB_PASSWORD", "MEGURI_OWNER_DB_PASSWORD", "MEGURI_DB_PASSWORD"):
            (tmp_path / name).write_text(secret, encoding="utf-8")
        environment = {
            "PATH": f"{postgres_programs()}:{os.defpath}",
            "PGHOST": parse_qs(urlsplit(server.url).query)["host"][0],
            "PGPASSWORD": urlsplit(server.url).password or "",
            "SECRETS": str(tmp_path),
        }
        script = await asyncio.create_subprocess_exec(
            "sh", "-c", scripts()["create-databases"], env=environment, stderr=subprocess.PIPE
        )
        _, said = await asyncio.wait_for(script.communicate(), 30)
        assert script.returncode == 0, said.decode()
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'meguri'"
        assert await server.execute(owner) == "meguri_owner"
        connects = "SELECT has_database_privilege('meguri', 'meguri', 'CONNECT')"
        assert await server.execute(connects) is True
        assert (
            await server.execute("SELECT rolcreatedb AND NOT rolsuper FROM pg_roles WHERE rolname = 'temporal'") is True
        )
        assert await server.execute("SELECT has_database_privilege('temporal', 'meguri', 'CONNECT')") is False


def test_every_setting_that_a_service_gets_is_one_that_we_read() -> None:
    from settings import Settings

    known = {f"MEGURI_{field.upper()}" for field in Settings.model_fields}
    given = {key for name in ("worker", "migrate", "web") for key in SERVICES[name]["environment"]}
    assert {key for key in given if key.startswith("MEGURI_")} <= known


def test_the_image_runs_as_an_ordinary_user_and_installs_by_hash() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["meguri"]
    installs = [line for line in DOCKERFILE.splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_the_image_holds_every_module_and_package_of_the_project() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    modules = {f"{module}.py" for module in setuptools["py-modules"]}
    packages = {pattern.rstrip("*") for pattern in setuptools["packages"]["find"]["include"]}
    copied = {word for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]}
    assert modules | packages <= copied
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    }
    assert copied == allowed


def test_the_images_lock_is_a_part_of_the_lock_that_was_tested() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.run.lock")
    assert pins("requirements.run.lock") <= pins("requirements.lock")
