"""Whose request it is: the address of the connection, or what a trusted proxy says."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_WITHIN: Final = 64


class ClientAddresses:
    """Tells clients apart. Only X-Forwarded-For is read, and only from *proxies* (addresses or networks).

    `Forwarded` is not: a proxy that writes one of the two passes the other on from whoever sent it.
    """

    def __init__(self, proxies: str) -> None:
        self._trusted = tuple(ip_network(each, strict=False) for each in proxies.split())
        self._trusts = lru_cache(4_096)(self._is_trusted)

    def client(self, peer: str, forwarded: Sequence[bytes]) -> str:
        """Give one client's name: its address; of IPv6 the /64 that one household or host has."""
        if self._trusted and forwarded:
            hops = [each.strip() for each in b",".join(forwarded).decode("latin-1").split(",")]
            while hops and self._trusts(peer):
                peer = hops.pop()
        return _one_client(peer)

    def _is_trusted(self, peer: str) -> bool:
        address = _parsed(peer)
        return address is not None and any(address in network for network in self._trusted)


@lru_cache(4_096)
def _one_client(peer: str) -> str:
    address = _parsed(peer)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _WITHIN), strict=False))
    return peer[:64] if address is None else str(address)


def _parsed(peer: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
