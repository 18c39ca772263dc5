"""The doctor's own DNS questions."""

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import closing

from dnslib import QTYPE, DNSError, DNSQuestion, DNSRecord, EDNSOption
from dnslib.dns import EDNS0

from appliance.config import Endpoint
from appliance.core.asker import MAC_RAW, MAC_TEXT
from appliance.core.whom import Kind, Server, Whom
from appliance.core.wire import dns
from appliance.nameserver.counts import Counts
from appliance.nameserver.datagrams import fresh_socket
from appliance.nameserver.exchange import Exchanges
from appliance.nameserver.own import ALIVE
from appliance.nameserver.sights import CHECK_DOMAIN

TIMEOUT_S = 2.0
TRIES = 2
FORGED_MAC = bytes.fromhex("02666f726765")
"""A locally administered address that no device has."""
FORGED_CLIENT = bytes.fromhex("00012000c0000263")
"""A client subnet of 192.0.2.99/32: documentation, nobody's address."""
FORGED = ((MAC_RAW, FORGED_MAC), (MAC_TEXT, FORGED_MAC.hex(":").encode()), (dns.OPTION_ECS, FORGED_CLIENT))


class Unanswered(OSError):
    """Nothing came back."""


def token() -> str:
    """Return a name part that nobody else can guess."""
    return secrets.token_hex(8)


def marked(word: str, options: Iterable[tuple[int, bytes]] = ()) -> DNSRecord:
    """Return the doctor's question with this token and these EDNS options."""
    question = DNSRecord.question(f"{word}.{CHECK_DOMAIN}")
    question.header.id = secrets.randbits(16)
    question.add_ar(EDNS0(udp_len=1232, opts=[EDNSOption(code, data) for code, data in options]))
    return question


def plain(name: str, qtype: str) -> DNSRecord:
    """Return an ordinary question."""
    record = DNSRecord(q=DNSQuestion(name, getattr(QTYPE, qtype)))
    record.header.id = secrets.randbits(16)
    record.header.rd = 1
    return record


def reach(server: Server, bootstrap: tuple[Server, ...]) -> None:
    """Ask a server for the root's name servers, as the nameserver asks it. Raises Unanswered, with the reason."""
    if server.kind is Kind.UDP:
        ask(Endpoint(server.address, server.port), plain(".", "NS"))
        return
    problem = asyncio.run(_problem(Whom((server,), bootstrap=bootstrap)))
    if problem is not None:
        raise Unanswered(f"{server} does not answer" + (f": {problem}" if problem else ""))


async def _problem(whom: Whom) -> str | None:
    """Return why the one server does not answer, None where it does."""
    exchanges = Exchanges(whom, Counts())
    try:
        coming: asyncio.Future[object] = exchanges.loop.create_future()
        exchanges.start(ALIVE, coming.set_result)
        return exchanges.health()[0].problem if await coming is None else None
    finally:
        exchanges.close()


def ask(endpoint: Endpoint, question: DNSRecord) -> DNSRecord:
    """Return an endpoint's answer to a question. Raises Unanswered."""
    wire = question.pack()
    for _ in range(TRIES):
        try:
            with closing(fresh_socket(endpoint)) as opened:
                opened.settimeout(TIMEOUT_S)
                opened.send(wire)
                answer = DNSRecord.parse(opened.recv(4096))
        except (OSError, DNSError):
            continue
        if answer.header.id == question.header.id:
            return answer
    raise Unanswered(f"{endpoint} does not answer")
