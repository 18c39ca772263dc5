"""The flows of a folder of captures, as `kindgate flows` reads them, and which of them are nothing but web."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from appliance.commands.flows import Missed, settled
from appliance.core.flows.settle import Settle
from appliance.core.routes import known_of
from appliance.core.signs.known import Known
from appliance.core.wire.packet import Protocol
from appliance.world.capture import open_capture
from appliance.world.rules import load_rulebook

EXPECTED: Final = "expected.json"
"""Beside the captures: file → flows, each with what two other tools call it."""
NO_CAPTURES: Final = frozenset({EXPECTED, "classes.json"})

WEB: Final = frozenset({"tls", "quic", "http"})
VPN: Final = "VPN/2"
ENCRYPTED_DNS: Final = ".DoH_DoT"

_PROTOCOLS = {int(Protocol.TCP): "tcp", int(Protocol.UDP): "udp"}

Key = tuple[str, str, tuple[str, int], tuple[str, int]]
"""Capture, protocol, and both ends, the lesser first."""


def captures(folder: Path) -> list[Path]:
    """Return the captures of a folder by name."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.name not in NO_CAPTURES)


def flows(path: Path) -> list[Settle]:
    """Return what was settled of each flow of a capture. Raises CaptureError, OSError."""
    with open_capture(path) as frames:
        return list(settled(frames, Missed(), known()))


@cache
def known() -> Known:
    """Return the names and addresses of the bundled rules."""
    return known_of(load_rulebook())


def key(capture: str, settle: Settle) -> Key:
    """Return what a flow is known by, whichever end is the client."""
    ends = (settle.client, settle.client_port), (settle.server, settle.server_port)
    l4 = _PROTOCOLS.get(settle.protocol, str(settle.protocol))
    one, other = sorted((str(ip_address(address)), port) for address, port in ends)
    return capture, l4, one, other


def plain_web(folder: Path) -> frozenset[Key]:
    """Return the flows of TLS, QUIC and HTTP that nDPI calls neither a VPN's nor encrypted DNS.

    A flow without nDPI's word, as all of suricata's captures are, is plain web too.
    """
    expected: Mapping[str, list[Mapping[str, Any]]] = json.loads((folder / EXPECTED).read_text("utf-8"))
    return frozenset(_keys(expected))


def _keys(expected: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[Key]:
    for capture, flows_ in expected.items():
        for flow in flows_:
            is_other = flow.get("category") == VPN or str(flow.get("app")).endswith(ENCRYPTED_DNS)
            if flow["proto"] in WEB and not is_other:
                one, other = sorted(((flow["src"], flow["sport"]), (flow["dst"], flow["dport"])))
                yield capture, flow["l4"], one, other
