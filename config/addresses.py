"""Where a request comes from: the address of a client, also behind proxies."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from asgiref.typing import HTTPScope
from django.conf import settings

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network


# 203.0.113.7, 203.0.113.7:5555, 2001:db8::7, [2001:db8::7], [2001:db8::7]:5555. Ports and zones do not count.
_WRITTEN = re.compile(r"(?:([0-9.]{7,15})|\[?([0-9a-fA-F:.]{2,45})(?:%[^\]]{1,20})?\]?)(?::[0-9]{1,5})?")
TEXT_MAX_LENGTH = 64


def parse(text: str) -> Address | None:
    """Return the address, as IPv4 where it is one in the form of IPv6; None for anything else."""
    match = _WRITTEN.fullmatch(text.strip())
    try:
        address = ip_address(match[1] or match[2]) if match else None
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_within(text: str, networks: Iterable[Network]) -> bool:
    address = parse(text)
    return address is not None and any(address in network for network in networks)


def is_proxy(peer: str) -> bool:
    return is_within(peer, settings.TRUSTED_PROXIES)


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the address of the client: that of `peer`, or what trusted proxies say of it.

    Each proxy adds the address that it sees at the end of X-Forwarded-For, so the last one that is no trusted
    proxy is the client. What stands before it may be made up. A proxy that knows no address may say "unknown"
    or a name of its own: all whom it calls so are one client.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    client = peer
    while hops and is_proxy(client):
        client = hops.pop()
    return client[:TEXT_MAX_LENGTH]


def client_of(scope: HTTPScope) -> str:
    """Return the address of the client of a request, as ASGI has it."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return client_address((scope.get("client") or ("",))[0], ",".join(lines))


def counted_as(text: str) -> str | None:
    """Return what limits count for an address; None for one that is not limited, and where there is none."""
    return None if is_within(text, settings.UNLIMITED_ADDRESSES) else group_of(text)


def group_of(text: str) -> str | None:
    """Return an address itself, or 64 bits of IPv6, which one customer has.

    None where there is none, as with a socket in a folder.
    """
    address = parse(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address) if address else text or None
