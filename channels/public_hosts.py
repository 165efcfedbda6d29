"""Whether a host is on the public internet. Addresses that people give must not lead into the company's own network."""

import asyncio
import ipaddress
import socket
from typing import Final

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


def is_public_name(host: str) -> bool:
    """False for an address of a private network or of this machine, and for names that only such networks know."""
    bare = host.strip("[]").rstrip(".").lower()
    try:
        return is_public_address(bare)
    except ValueError:
        pass
    # A number is an address in another spelling (2130706433, 0x7f000001); a name without a dot is a name of the network.
    last = bare.rpartition(".")[2]
    if bare.endswith(".home.arpa"):
        return False
    return (
        "." in bare and last not in {"local", "localhost", "internal", "lan", "home", "corp"} and not last[:1].isdigit()
    )


def is_public_address(text: str) -> bool:
    """Whether an IP address is one of the public internet. Raises `ValueError` for a text that is no address.

    An IPv6 address that leads to an IPv4 address (6to4, NAT64) is as public as that one.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return _is_public(address)
    inner = address.sixtofour or (_last_32_bits(address) if address in _NAT64 else None)
    old_form = address.is_site_local or address in _IPV4_COMPATIBLE
    return _is_public(address) and not old_form and (inner is None or _is_public(inner))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _last_32_bits(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(address.packed[-4:])


async def public_address(host: str, port: int) -> str | None:
    """An address of the host; None if it has none, or one that is not public: then which one answers would be left to chance."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    if not addresses or not all(map(is_public_address, addresses)):
        return None
    return addresses[0]
