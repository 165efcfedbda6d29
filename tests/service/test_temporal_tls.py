"""Temporal behind mutual TLS: a process with a certificate of the company gets in; one without, or with another's, does not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest

from service.connection import Unreachable, connect_temporal
from settings import Settings
from tests.servers import running_temporal


@dataclass(frozen=True)
class Authority:
    """Signs certificates, which it puts into a folder."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def in_folder(cls, folder: Path, name: str) -> "Authority":
        found = cls(folder, name, ec.generate_private_key(ec.SECP256R1()))
        found.certificate(name, found.key, is_authority=True)
        return found

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def sign(self, name: str) -> tuple[Path, Path]:
        """Files with a certificate for 127.0.0.1 and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        place = self.folder / f"{name}.key"
        form = serialization.PrivateFormat.PKCS8
        place.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        return self.certificate(name, key, is_authority=False), place

    def certificate(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> Path:
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        place = self.folder / f"{name}.pem"
        place.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        return place


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@asynccontextmanager
async def behind_tls(target: str, company: Authority) -> AsyncIterator[str]:
    """A door before the server at `target` that asks for a certificate of the company; its address."""
    rules = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(company.path))
    rules.verify_mode = ssl.CERT_REQUIRED
    rules.load_cert_chain(*company.sign("server"))
    rules.set_alpn_protocols(["h2"])
    host, port = target.rsplit(":", 1)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pass_on(reader, to_server[1]), pass_on(to_server[0], writer))

    door = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=rules)
    try:
        yield f"127.0.0.1:{door.sockets[0].getsockname()[1]}"
    finally:
        door.close()


async def test_a_process_needs_a_certificate_of_the_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    company = Authority.in_folder(tmp_path, "company")
    others = Authority.in_folder(tmp_path, "others")
    ours, of_others = company.sign("worker"), others.sign("stranger")
    lets_in: Mapping[str, tuple[dict[str, str], bool]] = {
        "ours": (_files(ours, company), True),
        "none": ({"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(company.path)}, False),
        "another company's": (_files(of_others, company), False),
        "ours, but the server's is not trusted": (_files(ours, others), False),
        "plain": ({}, False),
    }
    async with (
        running_temporal() as environment,
        behind_tls(environment.client.service_client.config.target_host, company) as address,
    ):
        for how, (files, is_let_in) in lets_in.items():
            with monkeypatch.context() as set_now:
                set_now.setenv("TEMPORAL_ADDRESS", address)
                set_now.setenv("TEMPORAL_TLS", "true" if files else "false")
                for name, value in files.items():
                    set_now.setenv(name, value)
                try:
                    client = await connect_temporal(Settings())
                except Unreachable:
                    assert not is_let_in, how
                else:
                    assert is_let_in, how
                    found = await client.workflow_service.get_system_info(GetSystemInfoRequest())
                    assert found.server_version


def _files(own: tuple[Path, Path], servers: Authority) -> dict[str, str]:
    names = ("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_PATH")
    return dict(zip(names, map(str, (*own, servers.path)), strict=True))
