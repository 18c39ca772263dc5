"""A connection is TLS or plain by its first octet, and waits no longer than a person would."""

import logging
import socket
import ssl
from pathlib import Path

import pytest
from gunicorn.config import Config

from appliance.web import certificate, connections
from appliance.web.connections import Connection, Log, context_of
from tests.web.conftest import AT


def pair() -> tuple[connections._Patient, socket.socket]:
    """Return a patient socket and the other end of it."""
    ours, theirs = socket.socketpair()
    return connections._Patient(ours.family, ours.type, ours.proto, fileno=ours.detach()), theirs


def test_a_silent_client_is_not_waited_for_longer_than_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One read has its time."""
    monkeypatch.setattr(connections, "PATIENCE_S", 0.01)
    ours, theirs = pair()
    with ours, theirs:
        ours.setblocking(True)
        with pytest.raises(TimeoutError):
            ours.recv(10)


def test_a_client_that_drips_is_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a request has its time, however often an octet comes."""
    now = 100.0
    monkeypatch.setattr("appliance.world.clock.uptime", lambda: now)
    ours, theirs = pair()
    with ours, theirs:
        ours.setblocking(True)
        theirs.send(b"ab")
        assert ours.recv(1) == b"a"
        now += connections.REQUEST_S + 0.1
        with pytest.raises(TimeoutError):
            ours.recv(1)
        ours.setblocking(True)
        assert ours.recv(1) == b"b"


def test_a_socket_that_waits_without_a_thread_does_not_block() -> None:
    """As the loop of all connections wants it."""
    ours, theirs = pair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)


@pytest.mark.parametrize("has_context", [True, False])
def test_plain_http_is_taken_as_such(tmp_path: Path, has_context: bool) -> None:
    """On a port with TLS too, so that whoever typed http:// can be led to https://."""
    cfg = Config()
    context = context_of(certificate.ensure(tmp_path, [], [], AT).path) if has_context else None
    setattr(cfg, connections.CONTEXT, context)
    ours, theirs = pair()
    with theirs:
        theirs.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        conn = Connection(cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        conn.init()
        conn.init()
        assert not isinstance(conn.sock, ssl.SSLSocket)
        assert next(conn.parser).path == "/"
        conn.close()


def test_a_handshake_that_stops_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who begins TLS and then says nothing holds a thread for seconds."""
    monkeypatch.setattr(connections, "HANDSHAKE_S", 0.01)
    cfg = Config()
    setattr(cfg, connections.CONTEXT, context_of(certificate.ensure(tmp_path, [], [], AT).path))
    ours, theirs = pair()
    with theirs:
        theirs.send(b"\x16\x03\x01")
        conn = Connection(cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        with pytest.raises(TimeoutError):
            conn.init()
        conn.close()


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    """1.2 is the least."""
    assert context_of(certificate.ensure(tmp_path, [], [], AT).path).minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_log_holds_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of a client nor of a page; who is slow or gone is not mentioned at all."""
    log = Log(Config())
    try:
        log.warning("Invalid request from ip=192.168.77.10: x")
        log.warning("something of ours")
        log.access(None, None, {}, None)
        for error in (RuntimeError("ours"), TimeoutError(), ConnectionResetError(), ssl.SSLError("x")):
            try:
                raise error  # noqa: TRY301
            except Exception:
                log.exception("Error handling request %s %s", "GET", "/why?name=canary.example")
    finally:
        for handler in list(log.error_log.handlers):
            log.error_log.removeHandler(handler)
        logging.getLogger("gunicorn.error").setLevel(logging.NOTSET)
    told = capsys.readouterr().err
    assert "192.168.77.10" not in told
    assert "canary" not in told
    assert "something of ours" in told
    assert told.count("Error handling request") == 1
