"""Whether a host is on the public internet. Addresses that people give must not lead into the company's own network."""

import asyncio
import ipaddress
import socket


def is_public_name(host: str) -> bool:
    """False for an address of a private network or of this machine, and for names that only such networks know."""
    bare = host.strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(bare).is_global
    except ValueError:
        pass
    # A number is an address in another spelling (2130706433, 0x7f000001); a name without a dot is a name of the network.
    last = bare.rpartition(".")[2]
    return (
        "." in bare and last not in {"local", "localhost", "internal", "lan", "home", "corp"} and not last[:1].isdigit()
    )


async def public_address(host: str, port: int) -> str | None:
    """An address of the host; None if it has none, or one that is not public: then which one answers would be left to chance."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    if not addresses or not all(ipaddress.ip_address(one).is_global for one in addresses):
        return None
    return addresses[0]
