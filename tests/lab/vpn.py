"""Tunnels that a child might dig: WireGuard (wireguard-go) and OpenVPN, with their far ends in the lab's internet."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from scripts.lablib import net
from tests.lab.gateway import Gateway
from tests.lab.home import wait_until
from tests.lab.servers.ca import Authority
from tests.needs import need

FAR = "vpn.example"
HANDSHAKE_S = 8.0
START_S = 20.0
WIREGUARD_PORT, OPENVPN_PORT = 51_820, 1194
WIREGUARD_INSIDE, OPENVPN_INSIDE = "10.66.0", "10.67.0"
INITIALIZED = "Initialization Sequence Completed"
_numbers = count()

SPEAK = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as through:
    through.settimeout(0.5)
    for _ in range(int(sys.argv[2])):
        through.sendto(b"through the tunnel", (sys.argv[1], 7))
        try:
            print(through.recv(100).decode())
            break
        except OSError:
            continue
"""
"""Speak to the echo at the far end, some times."""


def speaks_through(lab: Gateway, host: str, inside: str, times: int = 8) -> bool:
    """Say whether an echo comes back through a tunnel."""
    return "through the tunnel" in lab.exec(host, [sys.executable, "-c", SPEAK, f"{inside}.1", str(times)]).stdout


@contextmanager
def wireguard(lab: Gateway, host: str, address: str, port: int = WIREGUARD_PORT, *, times: int = 8) -> Iterator[bool]:
    """Try a tunnel from a device to a port of an address; gives whether anything comes through in so many times.

    The far end listens on `WIREGUARD_PORT` whatever the port: somebody is to lead it there.
    """
    need(shutil.which("wireguard-go") is not None and shutil.which("wg") is not None, "this needs wireguard-go and wg")
    keys = {side: _key_pair(lab, f"{side}-{next(_numbers)}") for side in ("far", "near")}
    # wireguard-go's control sockets lie in one folder for all namespaces, so that each name must be one of a kind.
    names = {side: f"kg{os.getpid() % 100_000}{side[0]}{next(_numbers)}" for side in keys}
    ends = {"far": ("internet", 1, "near"), "near": (host, 2, "far")}
    processes = []
    try:
        for side, (where, last, other) in ends.items():
            name = names[side]
            processes.append(_started(lab, where, name))
            peer = ["peer", keys[other][1], "allowed-ips", f"{WIREGUARD_INSIDE}.0/24"]
            mine = ["listen-port", str(WIREGUARD_PORT)] if side == "far" else []
            theirs = ["endpoint", f"[{address}]:{port}" if ":" in address else f"{address}:{port}"]
            words = ["private-key", keys[side][0], *mine, *peer, *(theirs if side == "near" else [])]
            _run(lab, where, ["wg", "set", name, *words])
            _run(lab, where, ["ip", "addr", "add", f"{WIREGUARD_INSIDE}.{last}/24", "dev", name])
            _run(lab, where, ["ip", "link", "set", name, "up"])
        yield speaks_through(lab, host, WIREGUARD_INSIDE, times)
    finally:
        for process in processes:
            lab.stop(process)


def _started(lab: Gateway, where: str, name: str) -> "subprocess.Popen[bytes]":
    """Start wireguard-go, once more where the first one comes to nothing: on a busy machine it sometimes hangs."""
    for is_last in (False, True):
        process = lab.popen(where, ["wireguard-go", "-f", name], env=os.environ | {"LOG_LEVEL": "error"})
        try:
            wait_until(lambda: _has_control(lab, where, name), f"wireguard-go's {name}", START_S)
        except AssertionError:
            lab.stop(process)
            if is_last:
                raise
        else:
            return process
    raise AssertionError(name)


@contextmanager
def openvpn(
    lab: Gateway,
    host: str,
    address: str,
    protocol: str = "udp",
    *,
    port: int = OPENVPN_PORT,
    limit_s: float = HANDSHAKE_S,
) -> Iterator[bool]:
    """Try a tunnel from a device to a port of an address, over UDP or TCP; gives whether anything comes through.

    The far end listens on `OPENVPN_PORT` whatever the port: somebody is to lead it there.
    """
    need(shutil.which("openvpn") is not None, "this needs Debian's openvpn")
    folder = lab.folder / f"openvpn-{next(_numbers)}"
    folder.mkdir()
    authority = Authority(folder)
    common = ["--dev-type", "tun", "--ca", str(folder / "ca.pem"), "--data-ciphers", "AES-128-GCM", "--verb", "3"]
    kind = protocol + ("6" if ":" in address else "")
    inside = f"{OPENVPN_INSIDE}.0"
    own = {side: [str(file) for file in authority.issue(f"{side}.vpn.example")] for side in ("far", "near")}
    far = [
        *("openvpn", "--dev", "kgovpn0", "--proto", kind, "--port", str(OPENVPN_PORT), "--dh", "none"),
        *("--server", inside, "255.255.255.0", "--topology", "subnet", "--cert", own["far"][0], "--key", own["far"][1]),
    ]
    near = [
        *("openvpn", "--client", "--nobind", "--dev", "kgovpn1", "--remote", address, str(port)),
        *("--proto", kind + ("-client" if protocol == "tcp" else "")),
        *("--cert", own["near"][0], "--key", own["near"][1], "--connect-retry", "1", "1", "--connect-timeout", "4"),
    ]
    processes = []
    try:
        processes.append(lab.popen("internet", [*_far_protocol(far, protocol), *common], INITIALIZED))
        processes.append(lab.popen(host, [*near, *common]))
        client = processes[-1]
        try:
            wait_until(lambda: INITIALIZED in lab.output(client), "openvpn", limit_s)
        except AssertionError:
            yield False
        else:
            yield speaks_through(lab, host, OPENVPN_INSIDE)
    finally:
        for process in processes:
            lab.stop(process)


def _far_protocol(argv: list[str], protocol: str) -> list[str]:
    return [f"{word}-server" if protocol == "tcp" and word in ("tcp", "tcp6") else word for word in argv]


def _key_pair(lab: Gateway, name: str) -> tuple[str, str]:
    """Return the file of a private key, and the public key."""
    private = net.run(["wg", "genkey"])
    file = lab.folder / f"{name}.wg"
    file.touch(mode=0o600)
    file.write_text(private)
    return str(file), net.run(["wg", "pubkey"], stdin=private).strip()


def _has_control(lab: Gateway, where: str, name: str) -> bool:
    return lab.exec(where, ["wg", "show", name]).returncode == 0


def _run(lab: Gateway, where: str, argv: list[str]) -> None:
    done = lab.exec(where, argv)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
