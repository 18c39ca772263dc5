"""The kernel's tables of the network and its settings, as they are read and changed."""

import subprocess
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

import pytest

from appliance.guard import links
from appliance.guard.links import NetworkError, Route, Settings
from appliance.world.rtnetlink import RTM_NEWADDR, RTM_NEWNEIGH, RTM_NEWROUTE

LAN = 7


def attribute(kind: int, octets: bytes) -> bytes:
    """Return an attribute as the kernel writes it."""
    return ((4 + len(octets)).to_bytes(2, "little") + kind.to_bytes(2, "little") + octets).ljust(
        (7 + len(octets)) & ~3, b"\0"
    )


def address(text: str, *, index: int = LAN, flags: int = 0x80) -> bytes:
    """Return an address's message (struct ifaddrmsg)."""
    one = IPv4Interface(text) if "." in text else IPv6Interface(text)
    family = 2 if one.version == 4 else 10
    head = bytes((family, one.network.prefixlen, flags & 0xFF, 0)) + index.to_bytes(4, "little")
    return head + attribute(1, one.ip.packed) + attribute(8, flags.to_bytes(4, "little"))


def neighbour(text: str, *, index: int = LAN, state: int = 4, flags: int = 0, mac: bytes = b"\x02\0\0\0\0\1") -> bytes:
    """Return a neighbour's message (struct ndmsg)."""
    head = bytes((10, 0, 0, 0)) + index.to_bytes(4, "little") + state.to_bytes(2, "little") + bytes((flags, 0))
    return head + attribute(1, IPv6Address(text).packed) + attribute(2, mac)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[bytes]]:
    """Stand in for the kernel: its messages by their kind."""
    told: dict[int, list[bytes]] = {}
    monkeypatch.setattr(links, "dump", lambda _, wanted: iter(told.get(wanted, ())))
    return told


def test_lasting_addresses_of_an_interface(kernel: dict[int, list[bytes]]) -> None:
    """Neither passing ones nor another's; IPv4's second one of a network is one too."""
    kernel[RTM_NEWADDR] = [
        address("192.168.78.1/24"),
        address("192.168.78.2/24", flags=0x81),
        address("2001:db8:1::1/64"),
        address("2001:db8:1::2/64", flags=0x01),
        address("2001:db8:1::3/64", flags=0x40),
        address("2001:db8:1::4/64", flags=0x20),
        address("2001:db8:1::5/64", index=8),
    ]
    found = [str(one) for one in links.addresses_of(LAN)]
    assert found == ["192.168.78.1/24", "192.168.78.2/24", "2001:db8:1::1/64"]


def test_routes(kernel: dict[int, list[bytes]]) -> None:
    """With where they lead and whose they are."""
    to = IPv6Network("2001:db8:2::/56")
    head = bytes((10, 56, 0, 0, 254, 16, 0, 7)) + bytes(4)
    kernel[RTM_NEWROUTE] = [
        head + attribute(1, to.network_address.packed) + attribute(4, LAN.to_bytes(4, "little")),
        bytes((2, 24, 0, 0, 254, 16, 0, 1)) + bytes(4) + attribute(1, bytes((10, 0, 0, 0))),
        bytes((10, 0, 0, 0, 254, 16, 0, 1)) + bytes(4) + attribute(4, LAN.to_bytes(4, "little")),
    ]
    assert list(links.routes()) == [Route(to, LAN, 7, 16)]


def test_neighbours_of_an_interface(kernel: dict[int, list[bytes]]) -> None:
    """Those whose MAC is known, and not those that the box answers for."""
    kernel[RTM_NEWNEIGH] = [
        neighbour("2001:db8::1"),
        neighbour("2001:db8::2", index=8),
        neighbour("2001:db8::3", state=0x20),
        neighbour("2001:db8::4", flags=8),
        bytes((2,)) + neighbour("2001:db8::5")[1:],
    ]
    assert links.neighbours(LAN) == {IPv6Address("2001:db8::1")}


def test_an_interface_that_is_missing() -> None:
    """It is named, with how to find the right one."""
    for ask in (links.index_of, links.mac_of):
        with pytest.raises(NetworkError, match="there is no interface nowhere0: `ip link`"):
            ask("nowhere0")
    assert links.mac_of("lo") == "00:00:00:00:00:00"


class Ip:
    """Stands in for ``ip``."""

    def __init__(self, status: int = 0, stderr: str = "", raises: Exception | None = None) -> None:
        self.asked: list[tuple[list[str], str]] = []
        self._status, self._stderr, self._raises = status, stderr, raises

    def __call__(self, argv: list[str], **options: str) -> "subprocess.CompletedProcess[str]":
        """Note what it is to do."""
        self.asked.append((argv, options["input"]))
        if self._raises is not None:
            raise self._raises
        return subprocess.CompletedProcess(argv, self._status, "", self._stderr)


def test_ip_does_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once; nothing is nothing."""
    spy = Ip()
    monkeypatch.setattr(subprocess, "run", spy)
    links.change(["link set dev eth0 up", "addr replace 192.168.78.1/24 dev eth0"])
    links.change([])
    lines = "link set dev eth0 up\naddr replace 192.168.78.1/24 dev eth0\n"
    assert spy.asked == [(["ip", "-batch", "-"], lines)]


@pytest.mark.parametrize(
    ("spy", "words"),
    [
        (Ip(1, "Cannot find device"), "ip refused: Cannot find device"),
        (Ip(raises=FileNotFoundError()), "sudo apt-get install iproute2"),
        (Ip(raises=subprocess.TimeoutExpired("ip", 10)), "did not end within 10 s"),
    ],
)
def test_ip_refuses(monkeypatch: pytest.MonkeyPatch, spy: Ip, words: str) -> None:
    """In its own words."""
    monkeypatch.setattr(subprocess, "run", spy)
    with pytest.raises(NetworkError, match=words):
        links.change(["link set dev eth0 up"])


def test_what_is_taken_away_may_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the rest is done all the same."""
    spy = Ip(1, "Cannot find device")
    monkeypatch.setattr(subprocess, "run", spy)
    links.change(["addr del 192.168.78.1/24 dev eth0"], is_lenient=True)
    assert spy.asked[0][0] == ["ip", "-force", "-batch", "-"]


def test_settings_are_put_back(tmp_path: Path) -> None:
    """To what they were before the first change; what was right is left alone."""
    for key, value in (("one", "1\n"), ("two", "2\n"), ("gone", "3\n")):
        (tmp_path / key).write_text(value)
    settings = Settings(tmp_path)
    for key, value in (("one", "5"), ("one", "6"), ("two", "2"), ("gone", "4")):
        settings.set(key, value)
    assert (settings.get("one"), settings.get("none")) == ("6", None)
    (tmp_path / "gone").unlink()
    (tmp_path / "gone").mkdir()
    (tmp_path / "two").write_text("9")
    settings.restore()
    assert ((tmp_path / "one").read_text(), (tmp_path / "two").read_text()) == ("1", "9")


def test_a_setting_that_can_not_be_changed(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(NetworkError, match="conf/eth0/proxy_ndp can't be changed: No such file"):
        Settings(tmp_path).set("conf/eth0/proxy_ndp", "1")
