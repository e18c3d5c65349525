"""Who asks, behind a proxy: only those of SANKET_PROXIES are believed about their clients' address
and TLS."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from registry.contract.errors import BadInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Proxies:
    """The networks of trusted proxies; none by default: then no header says who asks."""

    networks: tuple[Network, ...] = field(default=())

    @classmethod
    def configured(cls) -> Proxies:
        """From SANKET_PROXIES: addresses or networks (127.0.0.1, 10.0.0.0/8) separated by commas.
        BadInput LIM001."""
        texts = [
            text.strip() for text in os.environ.get("SANKET_PROXIES", "").split(",") if text.strip()
        ]
        try:
            return cls(tuple(ipaddress.ip_network(text) for text in texts))
        except ValueError:
            said = (
                "SANKET_PROXIES must be addresses or networks separated by commas, such as "
                "127.0.0.1,10.0.0.0/8"
            )
            raise BadInput("LIM001", said) from None

    def client(self, peer: str, headers: Mapping[str, str]) -> tuple[str, bool]:
        """(address, by TLS) of who asks. Of X-Forwarded-For counts the last address that is none of
        ours: what stands before it, anybody could have written.

        Example: peer 127.0.0.1 is trusted and forwards "1.2.3.4, 203.0.113.9": 203.0.113.9 asks.
        """
        if not self.networks or not self.trusts(peer):
            return peer, False
        address = peer
        for text in reversed(headers.get("x-forwarded-for", "").split(",")):
            if not (read := _address(text.strip())):
                break
            address = read
            if not self.trusts(address):
                break
        return address, headers.get("x-forwarded-proto", "").strip().lower() == "https"

    def trusts(self, address: str) -> bool:
        """Whether an address is one of ours."""
        return _within(self.networks, address)


@lru_cache(1024)
def _within(networks: tuple[Network, ...], address: str) -> bool:
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return False
    read = getattr(read, "ipv4_mapped", None) or read
    return any(read.version == network.version and read in network for network in networks)


@lru_cache(1024)
def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
