"""DNS over HTTPS: what is sent, what is taken, and what of it goes wrong."""

import asyncio
import subprocess
import sys

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import StreamReset
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.whom import parse_server
from appliance.nameserver import doh
from appliance.nameserver.codec import Broken
from tests.authority import Authority
from tests.fakes import answer, fake_upstream
from tests.nameserver.asking import asking
from tests.nameserver.inside import in_loop
from tests.nameserver.streams import (
    NAME,
    Request,
    Respond,
    asked_of,
    is_real,
    message_of,
    respond_with,
    responding,
    serving,
)


def well(http: H2Connection, request: Request) -> None:
    """Respond with the answer."""
    respond_with(http, request, answer(request.asked))


def told(port: int) -> str:
    """Return the address of a server."""
    return f"https://127.0.0.1:{port}/dns-query#{NAME}"


@in_loop
async def test_a_question_is_a_post(authority: Authority) -> None:
    """To the path, for the name, with the id 0, padded; all over one connection."""
    requests: list[Request] = []
    context = authority.context(NAME, alpn="h2")
    async with serving(responding(well, requests), context) as server, asked_of(told(server.port)) as exchanges:
        for number in range(5):
            assert is_real(await message_of(exchanges, f"n{number}.example"))
        health = exchanges.health()[0]
    assert len(server.connections) == 1
    assert (health.asked, health.failed, health.is_sick) == (5, 0, False)
    assert requests[0].headers == {
        ":method": "POST",
        ":scheme": "https",
        ":authority": f"{NAME}:{server.port}",
        ":path": "/dns-query",
        "accept": "application/dns-message",
        "content-type": "application/dns-message",
        "content-length": "128",
    }
    assert [(request.asked.id, len(request.body)) for request in requests] == [(0, 128)] * 5


@in_loop
async def test_responses_in_any_order(authority: Authority) -> None:
    """More than a connection has room for: the rest waits; the last is answered first."""
    requests: list[Request] = []
    waiting: list[Request] = []

    def respond(http: H2Connection, request: Request) -> None:
        waiting.append(request)
        if len(waiting) == 20:
            while waiting:
                well(http, waiting.pop())

    context = authority.context(NAME, alpn="h2")
    async with serving(responding(respond, requests), context) as server, asked_of(told(server.port)) as exchanges:
        found = await asyncio.gather(*(message_of(exchanges, f"n{number}.example") for number in range(120)))
    assert all(map(is_real, found))
    assert [one.name for one in found if one] == [f"n{number}.example" for number in range(120)]
    assert len(server.connections) == 1


def status_500(http: H2Connection, request: Request) -> None:
    """Respond with an error of the server."""
    respond_with(http, request, answer(request.asked), status="500")


def web_page(http: H2Connection, request: Request) -> None:
    """Respond with something to read."""
    respond_with(http, request, b"<h1>Log in</h1>", kind="text/html")


def huge(http: H2Connection, request: Request) -> None:
    """Respond with as much as one is given room for, and don't end."""
    http.send_headers(request.number, [(":status", "200"), ("content-type", doh.TYPE)])
    for _ in range(3):
        http.send_data(request.number, bytes(16_384))


def junk(http: H2Connection, request: Request) -> None:
    """Respond with what is no message."""
    respond_with(http, request, b"\xff" * 40)


def empty(http: H2Connection, request: Request) -> None:
    """Respond without a body."""
    respond_with(http, request, b"")


def shut(http: H2Connection, request: Request) -> None:
    """Reset the request."""
    http.reset_stream(request.number, ErrorCodes.REFUSED_STREAM)


def broken(http: H2Connection, request: Request) -> None:
    """Send what is no frame of HTTP/2."""
    http.data_to_send()
    http.close_connection(ErrorCodes.PROTOCOL_ERROR)


def silent(http: H2Connection, request: Request) -> None:
    """Say nothing."""


@pytest.mark.parametrize("fault", [status_500, web_page, huge, junk, empty, shut, broken, silent])
@in_loop
async def test_what_goes_wrong(fault: Respond, authority: Authority, brief: None) -> None:
    """The next server answers; where there is none, that is told; and a later question is answered."""
    context = authority.context(NAME, alpn="h2")
    faults = [fault]

    def respond(http: H2Connection, request: Request) -> None:
        faults[0](http, request)

    with fake_upstream() as next_one:
        async with (
            serving(responding(respond, []), context) as server,
            asked_of(told(server.port), str(next_one.endpoint)) as exchanges,
        ):
            assert is_real(await message_of(exchanges))
            assert exchanges.health()[0].failed == 1
            faults[0] = well
            assert is_real(await message_of(exchanges, "b.example"))
            assert exchanges.health()[1].asked == 1
        async with (
            serving(responding(fault, []), context) as server,
            asked_of(told(server.port)) as exchanges,
        ):
            assert await message_of(exchanges) is None


@in_loop
async def test_a_server_that_says_goodbye(authority: Authority) -> None:
    """What is under way is still answered; what comes later goes over another connection."""

    def respond(http: H2Connection, request: Request) -> None:
        well(http, request)
        http.close_connection(last_stream_id=request.number)

    context = authority.context(NAME, alpn="h2")
    async with serving(responding(respond, []), context) as server, asked_of(told(server.port)) as exchanges:
        for number in range(3):
            assert is_real(await message_of(exchanges, f"n{number}.example"))
        assert exchanges.health()[0].failed == 0
    assert len(server.connections) == 3


@in_loop
async def test_a_server_without_http_2(authority: Authority) -> None:
    """Is not asked, and that is told."""
    context = authority.context(NAME, alpn="http/1.1")
    async with serving(responding(well, []), context) as server, asked_of(told(server.port)) as exchanges:
        assert await message_of(exchanges) is None
        assert exchanges.health()[0].problem == "it speaks no HTTP/2"


def test_more_than_a_message_can_have() -> None:
    """Is wanted no more, as soon as it is known."""
    requests = doh.Requests(parse_server("https://192.0.2.1/dns-query"))
    number, _ = requests.ask(asking(), has_edns=True)
    http = H2Connection(H2Configuration(client_side=False))
    http.receive_data(requests.to_send())
    http.send_headers(number, [(":status", "200"), ("content-type", doh.TYPE)])
    found: list[tuple[int, bytes | None]] = []
    for _ in range(9):
        http.send_data(number, bytes(8_000))
        found += requests.take(http.data_to_send())
        events = http.receive_data(requests.to_send())
        if any(isinstance(event, StreamReset) for event in events):
            break
    assert found == [(number, None)]
    assert requests.take(b"") == []
    requests.forget(number)
    assert requests.to_send() == b""


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_octets_are_an_answer_or_broken(pieces: list[bytes]) -> None:
    """Nothing else."""
    requests = doh.Requests(parse_server("https://192.0.2.1/dns-query"))
    requests.ask(asking(), has_edns=True)
    try:
        found = [one for piece in pieces for one in requests.take(b"\0\0\0\4\0\0\0\0\0" + piece)]
    except Broken:
        return
    assert found == []


@pytest.mark.parametrize(("address", "authority_"), [("[2001:db8::1]", "[2001:db8::1]"), ("dns.example:8443", None)])
def test_the_host_is_as_it_was_written(address: str, authority_: str | None) -> None:
    """With its port where it isn't the usual one."""
    requests = doh.Requests(parse_server(f"https://{address}/dns-query"))
    assert dict(requests._headers)[":authority"] == (authority_ or address)


def test_the_library_is_only_read_where_it_is_needed() -> None:
    """A worker without such a server starts without it."""
    program = "import sys, appliance.nameserver.worker; print('h2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "False\n"
