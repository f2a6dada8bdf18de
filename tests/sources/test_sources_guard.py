"""Rule P22: which machines may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from raw_server import RawServer, asking, failure, fetch

from aggregator.core.document import Document
from aggregator.core.errors import Reason
from aggregator.sources.clients import FetchLimits
from aggregator.sources.guard import Guard, RefusedAddress, Resolver, Unresolved, why_refused
from aggregator.sources.http import HttpSource


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    """Rule P22."""
    assert why_refused(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.169.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "240e:83::1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ],
)
def test_public_addresses_pass(address: str) -> None:
    assert why_refused(ip_address(address)) is None


def resolved(guard: Guard, host: str, port: int = 80) -> list[str]:
    return asyncio.run(guard.addresses(host, port))


def naming(**names: Sequence[str]) -> Resolver:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        return names[host.replace(".", "_")]

    return resolve


def test_every_address_of_a_name_is_checked() -> None:
    """Rule P22."""
    guard = Guard(resolver=naming(mixed_example=["1.1.1.1", "10.0.0.1"]))
    with pytest.raises(RefusedAddress, match=r"mixed\.example leads to 10\.0\.0\.1, which is a private address"):
        resolved(guard, "mixed.example")


def test_addresses_are_tried_with_the_families_in_turn_and_without_doubles() -> None:
    names = naming(a_example=["2a00::1", "2a00::2", "2a00::2", "2a00::3", "1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"])
    assert resolved(Guard(resolver=names), "a.example") == [
        "2a00::1",
        "1.1.1.1",
        "2a00::2",
        "1.1.1.2",
        "2a00::3",
        "1.1.1.3",
    ]


def test_a_name_without_addresses_is_unresolved() -> None:
    with pytest.raises(Unresolved):
        resolved(Guard(resolver=naming(a_example=[])), "a.example")


@pytest.mark.parametrize(
    ("entry", "host", "port", "passes"),
    [
        pytest.param("127.0.0.1:8099", "127.0.0.1", 8099, True, id="address"),
        pytest.param("127.0.0.1:8099", "127.0.0.1", 8098, False, id="other-port"),
        pytest.param("127.0.0.1:8099", "127.0.0.2", 8099, False, id="other-address"),
        pytest.param("127.0.0.1:8099", "::ffff:127.0.0.1", 8099, True, id="same-address-mapped"),
        pytest.param("127.0.0.1:8099", "localhost", 8099, True, id="name-that-leads-to-the-address"),
        pytest.param("localhost:8099", "localhost", 8099, True, id="name"),
        pytest.param("LocalHost:8099", "localhost.", 8099, True, id="name-in-other-spelling"),
        pytest.param("localhost:8099", "127.0.0.1", 8099, False, id="address-the-name-leads-to"),
        pytest.param("localhost:8099", "nas.lan", 8099, False, id="other-name-of-the-address"),
        pytest.param("nas.lan:80", "nas.lan", 80, True, id="lan-name"),
        pytest.param("[::1]:8099", "::1", 8099, True, id="ipv6"),
        pytest.param("[0:0::1]:8099", "::1", 8099, True, id="ipv6-in-other-spelling"),
        pytest.param("2130706433:8099", "127.0.0.1", 8099, True, id="decimal-entry"),
        pytest.param("例子.测试:80", "xn--fsqu00a.xn--0zwm56d", 80, True, id="international-name"),
    ],
)
def test_an_allow_entry_lifts_the_ban_for_that_host_and_port(entry: str, host: str, port: int, passes: bool) -> None:
    """Rule P22."""
    names = naming(
        localhost=["127.0.0.1"], localhost_=["127.0.0.1"], nas_lan=["127.0.0.1"], **{"xn--fsqu00a_xn--0zwm56d": ["::1"]}
    )
    guard = Guard([entry], resolver=names)
    if passes:
        assert resolved(guard, host, port)
    else:
        with pytest.raises(RefusedAddress):
            resolved(guard, host, port)


@pytest.mark.parametrize(
    "entry", ["", "localhost", "::1", "[::1]", "[::1:80", "a:0", "a:99999", "a:b", ":80", "[x]:80", "a b:80"]
)
def test_a_bad_allow_entry_is_an_error_that_names_it(entry: str) -> None:
    with pytest.raises(ValueError, match=r'^"'):
        Guard([entry])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_no_spelling_of_this_machine_is_connected_to(server: RawServer, host: str) -> None:
    """Rule P22."""
    error = failure(lambda: fetch(server.url(host=host)))
    assert error.reason is Reason.REFUSED_ADDRESS
    assert "[network]" in str(error)
    assert server.connections == 0


def test_the_checked_address_is_the_one_connected_to(server: RawServer) -> None:
    """A name that changes its mind between check and connection gets nowhere; Host stays the name."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    async def run() -> None:
        guard = Guard([f"127.0.0.1:{server.port}"], resolver=rebinding)
        async with HttpSource(user_agent="x", guard=guard, limits=FetchLimits(total=2)) as source:
            document = await source.fetch(asking(server.url(host="rebind.example")))
            assert isinstance(document, Document)

    asyncio.run(run())
    assert len(answers) == 1
    assert server.requests[0].headers["host"] == f"rebind.example:{server.port}"


def test_a_dead_address_gives_way_to_the_next(server: RawServer) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async def run() -> None:
        guard = Guard([f"two.example:{server.port}"], resolver=resolve)
        async with HttpSource(user_agent="x", guard=guard, limits=FetchLimits(total=2)) as source:
            assert isinstance(await source.fetch(asking(server.url(host="two.example"))), Document)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        pytest.param("nothing.invalid", Reason.DNS, id="no-such-name"),
        pytest.param("a..example", Reason.DNS, id="empty-label"),
        pytest.param("x" * 64 + ".example", Reason.DNS, id="label-too-long"),
    ],
)
def test_a_name_that_is_not_found_is_a_dns_error(host: str, reason: Reason) -> None:
    error = failure(lambda: fetch(f"http://{host}/", limits=FetchLimits(total=20)))
    assert error.reason is reason


def test_a_resolver_that_hangs_is_given_up_with_the_connection_limit() -> None:
    async def hanging(_host: str, _port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return []

    async def run() -> None:
        async with HttpSource(user_agent="x", guard=Guard(resolver=hanging), limits=FetchLimits(connect=0.1)) as source:
            await source.fetch(asking("http://slow.example/"))

    error = failure(lambda: asyncio.run(run()))
    assert error.reason is Reason.DNS
