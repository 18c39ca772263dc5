"""Asks for an address on eth0 as a device does, by scapy, and prints what it was given: ``askdhcp HOSTNAME``."""

import json
import sys
from pathlib import Path
from typing import Any

from scapy.config import conf
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.sendrecv import srp1

INTERFACE = "eth0"
XID = 0x4B474B47


def ask(kind: str, *options: Any) -> Any:
    """Send a message and return the answer to it."""
    mac = Path(f"/sys/class/net/{INTERFACE}/address").read_text().strip()
    message = (
        Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
        / IP(src="0.0.0.0", dst="255.255.255.255")
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex(mac.replace(":", "")), xid=XID, flags=0x8000)
        / DHCP(options=[("message-type", kind), *options, ("param_req_list", [1, 3, 6, 51, 54]), "end"])
    )
    answer = srp1(message, iface=INTERFACE, timeout=3, retry=3, verbose=False)
    assert answer is not None, f"nobody answers a {kind}"
    return answer


def plain(answer: Any) -> dict[str, Any]:
    """Return an answer's options."""
    told = {one[0]: list(one[1:]) for one in answer[DHCP].options if isinstance(one, tuple)}
    return told | {"address": answer[BOOTP].yiaddr}


conf.checkIPaddr = False
offered = plain(ask("discover"))
wanted = [("requested_addr", offered["address"]), ("server_id", offered["server_id"][0]), ("hostname", sys.argv[1])]
sys.stdout.write(json.dumps(plain(ask("request", *wanted)), default=str))
