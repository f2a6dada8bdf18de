"""Which hosts may be connected to: every address of a name is checked, and the connection is made to the checked one
(rule P22).

`ipaddress.is_global` is not enough: it differs between Python releases and is true of several forms that hold an IPv4
address. So the ranges are listed here; new ones of the IANA special-purpose registries go in the table.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import zip_longest

from aggregator.core.urls.hosts import BadAddress, parse_host

IPAddress = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses in text; raises `Unresolved`."""

MAX_TRIED = 6
"""Of a name's addresses, how many are tried."""

_REFUSED_4 = {
    IPv4Network(network): words
    for network, words in {
        "0.0.0.0/8": "an unspecified address",
        "10.0.0.0/8": "a private address",
        "100.64.0.0/10": "a carrier's shared address",
        "127.0.0.0/8": "a loopback address",
        "168.63.129.16/32": "a cloud's metadata address",
        "169.254.0.0/16": "a link-local address",
        "172.16.0.0/12": "a private address",
        "192.0.0.0/24": "a reserved address",
        "192.0.2.0/24": "a documentation address",
        "192.88.99.0/24": "a 6to4 relay address",
        "192.168.0.0/16": "a private address",
        "198.18.0.0/15": "a test address (a local proxy may have invented it)",
        "198.51.100.0/24": "a documentation address",
        "203.0.113.0/24": "a documentation address",
        "224.0.0.0/4": "a multicast address",
        "240.0.0.0/4": "a reserved address",
    }.items()
}
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_REFUSED_6 = {
    IPv6Network(network): words
    for network, words in {
        "::/128": "an unspecified address",
        "::1/128": "a loopback address",
        "::/96": "an IPv4-compatible address",
        "64:ff9b:1::/48": "a local NAT64 address",
        "2001::/32": "a Teredo address",
        "2001::/23": "a reserved address",
        "2001:db8::/32": "a documentation address",
        "2002::/16": "a 6to4 address",
        "3fff::/20": "a documentation address",
        "fc00::/7": "a private address",
        "fe80::/10": "a link-local address",
        "fec0::/10": "a site-local address",
        "ff00::/8": "a multicast address",
    }.items()
}


class RefusedAddress(Exception):
    """The guard forbids the connection; the message says which address, why, and how to allow it."""


class Unresolved(Exception):
    """The name has no address, or the resolver failed; the message says which."""


def why_refused(address: IPAddress) -> str | None:
    """Why this address must not be connected to, in words; None if it may be."""
    address = _unwrap(address)
    if isinstance(address, IPv4Address):
        return next((words for network, words in _REFUSED_4.items() if address in network), None)
    for network, words in _REFUSED_6.items():
        if address in network:
            return words
    return None if address in _GLOBAL_6 else "a reserved address"


def _unwrap(address: IPAddress) -> IPAddress:
    """The IPv4 address inside forms that reach it: IPv4-mapped, and the well-known prefix of NAT64."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class SystemResolver:
    """The operating system's resolver in threads of its own, so that a slow name server delays nothing else."""

    def __init__(self, *, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._resolve, host, port)

    def close(self) -> None:
        """Start no more look-ups. Those that are running end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _resolve(host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:  # pragma: no cover: takes a name server that is silent
                raise Unresolved("the name server did not answer; look at this machine's network") from error
            raise Unresolved("no such host; look whether the address is spelt right") from error
        except (OSError, UnicodeError, OverflowError) as error:
            raise Unresolved("the host name cannot be looked up") from error
        return [str(entry[4][0]) for entry in found]


class Guard:
    """Decides which hosts may be connected to. `allow` holds `host:port` entries that always may, names or addresses.

    An entry with a name holds for addresses written with that name; one with an IP address holds for every name that
    resolves to it. Raises ValueError for an entry that is neither.
    """

    def __init__(self, allow: Collection[str] = (), *, resolver: Resolver | None = None) -> None:
        self._allowed = {_allow_entry(entry) for entry in allow}
        self._resolve: Resolver = SystemResolver() if resolver is None else resolver

    def close(self) -> None:
        """Stop the resolver's threads; no other call may follow."""
        if isinstance(self._resolve, SystemResolver):
            self._resolve.close()

    def check_literal(self, host: str, port: int) -> None:
        """Raise `RefusedAddress` if `host` is a forbidden IP address; names are not looked up."""
        address = _literal(host)
        if address is not None:
            self._check(address, host, port)

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses to try, in order, at most `MAX_TRIED`; each has been checked.

        Raises `RefusedAddress` if any address of the host is refused, and `Unresolved`.
        """
        literal = _literal(host)
        found = [literal] if literal is not None else [ip_address(text) for text in await self._resolve(host, port)]
        if not found:
            raise Unresolved("the name has no address")
        for address in found:
            self._check(address, host, port)
        return [str(address) for address in _alternate(found)][:MAX_TRIED]

    def _check(self, address: IPAddress, host: str, port: int) -> None:
        words = why_refused(address)
        if words is None or (_host_key(host), port) in self._allowed or (_unwrap(address), port) in self._allowed:
            return
        entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        target = str(address) if _literal(host) is not None else f"{host} leads to {address}, which"
        raise RefusedAddress(f'{target} is {words}; if that is wanted, add "{entry}" to allow under [network]')


def _alternate(addresses: Sequence[IPAddress]) -> list[IPAddress]:
    """Each once, IPv4 and IPv6 in turn, the first one first: a family without a route costs one attempt."""
    unique = list(dict.fromkeys(addresses))
    first = [address for address in unique if address.version == unique[0].version]
    others = [address for address in unique if address.version != unique[0].version]
    pairs = zip_longest(first, others)
    return [address for pair in pairs for address in pair if address is not None]


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host_key(host: str) -> str | IPAddress:
    literal = _literal(host)
    return _unwrap(literal) if literal is not None else host.lower().rstrip(".")


def _allow_entry(entry: str) -> tuple[str | IPAddress, int]:
    host, colon, port = entry.strip().rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise ValueError(f'"{entry}": write host:port, such as "127.0.0.1:8099" or "[::1]:8099"')
    try:
        name = parse_host(host)
    except BadAddress as error:
        raise ValueError(f'"{entry}": {error}') from None
    return _host_key(name.strip("[]")), int(port)
