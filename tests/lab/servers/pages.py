"""What a site says, whichever protocol it is asked over: a word about the question, an endless file, a DNS answer."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tests.lab.servers import resolvers

CHUNK = bytes(16 * 1024)
SLOWEST_S = 0.2
"""How often a slow file gives something."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    host: str
    path: str
    over: str
    """tcp, tls or quic."""
    client: str
    """The address that it came from, as the site sees it."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer; an endless one has no body but a pace, None for as fast as can be."""

    status: int
    kind: str = "text/plain"
    body: bytes = b""
    is_endless: bool = False
    octets_s: float | None = None

    async def file(self) -> AsyncIterator[bytes]:
        """Give the endless body at its pace."""
        while True:
            if self.octets_s is None:
                yield CHUNK
                await asyncio.sleep(0)
            else:
                yield bytes(max(1, int(self.octets_s * SLOWEST_S)))
                await asyncio.sleep(SLOWEST_S)


async def page(asked: Asked) -> Page:
    """Answer a request."""
    split = urlsplit(asked.path)
    told = parse_qs(split.query)
    match split.path:
        case "/big":
            kbit = float(told["kbit"][0]) if "kbit" in told else None
            return Page(200, "application/octet-stream", is_endless=True, octets_s=kbit and kbit * 125)
        case "/generate_204":
            return Page(204)
        case "/dns-query":
            wire = asked.body if asked.method == "POST" else base64.urlsafe_b64decode(told["dns"][0] + "==")
            return Page(200, "application/dns-message", await resolvers.answer(wire))
    said = {"host": asked.host, "path": split.path, "over": asked.over, "client": asked.client}
    return Page(200, "application/json", json.dumps(said).encode())
