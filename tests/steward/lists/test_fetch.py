"""A list comes whole, or a sentence does: whatever a sender sends, wherever it sends us, however long it takes."""

import gzip
import io
import logging
import socket
import threading
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from appliance.steward.lists import fetch as module
from appliance.steward.lists.fetch import (
    AGENT,
    CUT_SHORT,
    NO_HTTP,
    NO_HTTPS,
    NOWHERE,
    PRIVATE,
    TOO_SLOW,
    UNREACHED,
    UNTIMELY,
    UNTRUSTED,
    Manner,
    Marks,
    fetch,
)
from appliance.steward.lists.halt import Halt, Halted
from appliance.steward.lists.intake import Taken
from appliance.steward.lists.limits import A_PAGE, EMPTY, NO_TEXT, Limits, NotTaken
from tests.steward.lists.sender import HOST, Sender, raw, send, sending, sent_on

TEXT = b"0.0.0.0 bad.example\n" * 2_000
LIMITS = Limits(total_s=20.0, stall_s=10.0)
NO_MARKS = Marks()


def manner(limits: Limits = LIMITS) -> Manner:
    """Return a manner that lets senders be on this machine."""
    return Manner(limits, may_connect=lambda _: True)


def fetched(url: str, known: Marks = NO_MARKS, how: Manner | None = None) -> tuple[bytes, Taken, Marks] | None:
    """Return the text of a list, what is said of it, and its marks."""
    file = io.BytesIO()
    got = fetch(url, known, file, how or manner(), Halt())
    return None if got is None else (gzip.decompress(file.getvalue()), *got)


def refusal(url: str, how: Manner | None = None, halt: Halt | None = None) -> str:
    """Return why a list isn't taken."""
    with pytest.raises(NotTaken) as caught:
        fetch(url, Marks(), io.BytesIO(), how or manner(), halt or Halt())
    return str(caught.value)


def test_a_good_list(sender: Sender) -> None:
    """It comes as it is, with what it is known by; we say who asks, and nothing else."""
    sender.answers["/list?a=b"] = send(TEXT, ETag='"one"', Last_Modified="Sun, 22 Nov 2026 12:00:00 GMT")
    got = fetched(sender.url("/list?a=b"))
    assert got is not None
    text, taken, marks = got
    assert (text, taken.octets) == (TEXT, len(TEXT))
    assert marks == Marks('"one"', "Sun, 22 Nov 2026 12:00:00 GMT")
    ((path, headers),) = sender.asked
    assert path == "/list?a=b"
    assert headers.pop("host") == f"{HOST}:{sender.port}"
    assert headers == {
        "user-agent": AGENT, "accept": "text/plain, */*;q=0.5", "accept-encoding": "gzip, deflate",
        "connection": "close",
    }  # fmt: skip


def test_the_same_as_before(sender: Sender) -> None:
    """It is asked for by what it was known by last, and a 304 says that there is nothing newer."""
    sender.answers["/list"] = send(b"", 304)
    assert fetched(sender.url("/list"), Marks('"one"', "yesterday")) is None
    headers = sender.asked[0][1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"one"', "yesterday")
    # Of what we never had, a sender can't say that it is the same.
    assert refusal(sender.url("/list")) == "The sender has something else to say than the list (304)."


def test_marks_that_could_not_be_sent_back(sender: Sender) -> None:
    """They are let be."""
    sender.answers["/list"] = send(TEXT, ETag='"' + "x" * 600 + '"', Last_Modified="\xe4")
    got = fetched(sender.url("/list"))
    assert got is not None
    assert got[2] == Marks()


@pytest.mark.parametrize(("coding", "body"), [("gzip", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT)),
                                              ("", gzip.compress(TEXT))])  # fmt: skip
def test_packed(sender: Sender, coding: str, body: bytes) -> None:
    """On the way, or as a file; how far it has come is told in octets on the way."""
    sender.answers["/list.gz"] = send(body, Content_Encoding=coding, Content_Type="application/octet-stream")
    told: list[tuple[int, int | None]] = []
    got = fetched(sender.url("/list.gz"), how=Manner(LIMITS, lambda _: True, lambda *far: told.append(far)))
    assert got is not None
    assert (got[0], told[-1]) == (TEXT, (len(body), len(body)))


def chunked(*parts: bytes) -> bytes:
    """Return parts as HTTP's chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_of_unknown_length(sender: Sender) -> None:
    """In chunks, or until the sender is done."""
    sender.answers["/chunks"] = send(chunked(TEXT, TEXT), Content_Length="", Transfer_Encoding="chunked")
    sender.answers["/end"] = send(TEXT, Content_Length="")
    for path, expected in (("/chunks", TEXT * 2), ("/end", TEXT)):
        got = fetched(sender.url(path))
        assert got is not None
        assert got[0] == expected


@pytest.mark.parametrize(("status", "words"), [
    (404, "no list at this address"), (410, "no list at this address"), (403, "not give this list to everybody"),
    (429, "too often"), (500, "trouble of its own"), (503, "trouble of its own"), (204, "something else"),
    (206, "something else"), (418, "something else"),
])  # fmt: skip
def test_other_words_of_a_sender(sender: Sender, status: int, words: str) -> None:
    """Each in a sentence with the number."""
    sender.answers["/list"] = send(TEXT if status != 204 else b"", status)
    told = refusal(sender.url("/list"))
    assert words in told
    assert told.endswith(f"({status}).")


def test_no_list_at_all(sender: Sender) -> None:
    """A page, by its type or by its looks; a picture; zeros; nothing."""
    cases = {
        "/type": (send(TEXT, Content_Type="text/html; charset=utf-8"), A_PAGE),
        "/look": (send(b"\n<!DOCTYPE html><title>Log in</title>"), A_PAGE),
        "/picture": (send(TEXT, Content_Type="image/png"), NO_TEXT),
        "/zeros": (send(b"\0" * 100), NO_TEXT),
        "/nothing": (send(b""), EMPTY),
    }
    sender.answers |= {path: answer for path, (answer, _) in cases.items()}
    assert {path: refusal(sender.url(path)) for path in cases} == {path: why for path, (_, why) in cases.items()}


def test_a_bomb(sender: Sender) -> None:
    """A gigabyte packed into a megabyte is refused as soon as it shows."""
    sender.answers["/bomb"] = send(gzip.compress(b"\0" * 1_000_000) * 1_000, Content_Encoding="gzip")
    sender.answers["/long"] = send(gzip.compress(b"a" * 5_000_000), Content_Encoding="gzip")
    assert refusal(sender.url("/bomb")) == NO_TEXT
    limits = Limits(unpacked_octets=1_000_000)
    assert refusal(sender.url("/long"), manner(limits)) == limits.too_large


def test_a_body_without_end(sender: Sender) -> None:
    """It is broken off at the limit, announced or not."""

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not sender.over.is_set():
            handler.wfile.write(TEXT)

    limits = Limits(unpacked_octets=1_000_000)
    sender.answers["/endless"] = endless
    sender.answers["/announced"] = send(b"a", Content_Length="1000001")
    assert refusal(sender.url("/endless"), manner(limits)) == limits.too_large
    assert refusal(sender.url("/announced"), manner(limits)) == limits.too_large


@pytest.mark.parametrize("when", ["before", "head", "body"])
@pytest.mark.parametrize("limits", [Limits(total_s=0.5, stall_s=60.0), Limits(total_s=60.0, stall_s=0.5)])
def test_a_slow_sender(sender: Sender, when: str, limits: Limits) -> None:
    """One that says nothing, or a little at a time, is given up; whatever it was at."""

    def slow(handler: BaseHTTPRequestHandler) -> None:
        if when == "before":
            sender.over.wait(20)
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        if when == "body":
            handler.wfile.write(b"Content-Type: text/plain\r\n\r\n")
        while not sender.over.wait(0.05 if limits.total_s < 1 else 20):
            handler.wfile.write(b"a" if when == "head" else b"a\n")

    sender.answers["/slow"] = slow
    assert refusal(sender.url("/slow"), manner(limits)) == TOO_SLOW


def test_broken_off(sender: Sender) -> None:
    """What is shorter than it was said to be isn't taken, and what isn't HTTP neither."""
    sender.answers["/short"] = send(TEXT, Content_Length=str(len(TEXT) + 1))
    sender.answers["/chunk"] = send(chunked(TEXT)[:-9], Content_Length="", Transfer_Encoding="chunked")
    sender.answers["/gone"] = lambda _: None
    sender.answers["/babble"] = raw(b"220 mail.example ESMTP\r\n")
    told = {path: refusal(sender.url(path)) for path in ("/short", "/chunk", "/gone", "/babble")}
    assert told == {"/short": CUT_SHORT, "/chunk": CUT_SHORT, "/gone": CUT_SHORT, "/babble": NO_HTTP}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_sent_on(sender: Sender, status: int) -> None:
    """To another path, a few times."""
    sender.answers["/a/old"] = sent_on("new", status)
    sender.answers["/a/new"] = sent_on(sender.url("/list#part"), status)
    sender.answers["/list"] = send(TEXT)
    got = fetched(sender.url("/a/old"))
    assert got is not None
    assert got[0] == TEXT
    assert [path for path, _ in sender.asked] == ["/a/old", "/a/new", "/list"]


@pytest.mark.parametrize(("to", "why"), [
    ("http://lists.example/list", NO_HTTPS), ("file:///etc/passwd", NO_HTTPS), ("file:list.txt", NO_HTTPS),
    ("ftp://lists.example/", NO_HTTPS), ("https://me:secret@lists.example/", NO_HTTPS), ("//:7/", NO_HTTPS),
    ("https://[::1/", NO_HTTPS), ("", "The sender sends us on, and does not say where to."),
])  # fmt: skip
def test_sent_where_we_do_not_go(sender: Sender, to: str, why: str) -> None:
    """Nowhere but over https."""
    sender.answers["/list"] = sent_on(to)
    assert refusal(sender.url("/list")) == why


def test_sent_round_and_round(sender: Sender) -> None:
    """After five times it is enough."""
    sender.answers["/list"] = sent_on("/list")
    assert refusal(sender.url("/list")) == "The sender sends us on more than 5 times."
    assert len(sender.asked) == 6


def test_into_a_house(sender: Sender) -> None:
    """The law asks about each address that a name leads to, before anything is sent; also where we were sent on to."""
    usual = Manner(LIMITS)
    for url in (sender.url("/list"), "https://localhost/", "https://[::1]/", "https://192.168.1.1/", "https://0/",
                "https://2130706433/", "https://0x7f.1/", "https://[::ffff:10.0.0.1]/"):  # fmt: skip
        assert refusal(url, usual) == PRIVATE
    assert sender.asked == []
    sender.answers["/list"] = sent_on("https://192.168.1.1/admin")
    only_here = Manner(LIMITS, may_connect=lambda address: address == HOST)
    assert refusal(sender.url("/list"), only_here) == PRIVATE


def test_a_name_that_leads_elsewhere_the_second_time(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once, and what was checked is connected to."""
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, sender.port))]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.pop())
    checked: list[str] = []
    sender.answers["/list"] = send(TEXT)
    how = Manner(LIMITS, may_connect=lambda address: not checked.append(address))  # type: ignore[func-returns-value]
    assert fetched("https://lists.example/list", how=how) is not None
    assert (checked, answers) == ([HOST], [])


def test_an_address_that_does_not_answer(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name's next one is tried; those in a house are left out."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, sender.port))
             for address in ("192.168.1.1", "127.0.0.3", HOST)]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    sender.answers["/list"] = send(TEXT)
    how = Manner(LIMITS, may_connect=lambda address: address.startswith("127."))
    assert fetched("https://lists.example/list", how=how) is not None
    del found[-1]
    assert refusal("https://lists.example/list", how) == UNREACHED


def test_a_name_that_is_not_there() -> None:
    """Neither is one that can't be."""
    assert refusal("https://nothing.invalid/list") == NOWHERE
    assert refusal(f"https://{'a' * 64}.example/list") == NOWHERE


def test_a_certificate_that_nobody_knows(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the authority, not the name, not this year: nothing is asked."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, sender.port))]
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert refusal("https://other.example/") == UNTRUSTED
    monkeypatch.delenv("SSL_CERT_FILE")
    assert refusal(sender.url("/")) == UNTRUSTED
    assert sender.asked == []


def test_a_certificate_of_last_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the box may be the reason."""
    with sending(tmp_path, is_valid=False) as sender:
        monkeypatch.setenv("SSL_CERT_FILE", str(sender.authority))
        assert refusal(sender.url("/")) == UNTIMELY


def test_a_sender_without_tls() -> None:
    """What doesn't speak TLS, or hangs up, is told."""
    with socket.create_server((HOST, 0)) as plain:

        def babble() -> None:
            with plain.accept()[0] as client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        babbling = threading.Thread(target=babble, daemon=True)
        babbling.start()
        assert refusal(f"https://{HOST}:{plain.getsockname()[1]}/") == NO_HTTP
        babbling.join(10)


def test_ended(sender: Sender) -> None:
    """A halt ends it wherever it is; one that is over lets none begin."""
    halt = Halt()

    def waits(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(TEXT)
        halt.call()
        sender.over.wait(20)

    sender.answers["/list"] = waits
    for _ in range(2):
        with pytest.raises(Halted):
            fetch(sender.url("/list"), Marks(), io.BytesIO(), manner(), halt)
    assert len(sender.asked) == 1


def test_nothing_of_it_is_logged(sender: Sender, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a good list nor a strange answer leaves its address anywhere."""
    caplog.set_level(logging.DEBUG, logger=module.__name__)
    sender.answers["/list"] = send(TEXT)
    sender.answers["/odd"] = raw(b"HTTP/1.1 200 OK\r\nno header\r\n\r\nx")
    fetched(sender.url("/list"))
    fetched(sender.url("/odd"))
    assert caplog.records == []
