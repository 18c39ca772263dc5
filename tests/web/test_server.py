"""The dashboard as a process: TLS in the LAN, plain HTTP for the child's page alone, and an end when it is told."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

from appliance.config import Endpoint
from appliance.web import certificate, code, server
from appliance.web.gate import LOCAL, PLAIN, Listening
from appliance.world import bus, life
from tests.running import free_port, is_alive, own_address, until

START_S = 30.0
PROGRAM = "import sys; from appliance.commands.web import web; web(sys.argv[1:])"


class Running:
    """A started dashboard: one listener for TLS, one for plain HTTP."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", data: Path, log: Path, web: Endpoint, plain: Endpoint
    ) -> None:
        self.process, self.data, self.log, self.web, self.plain = process, data, log, web, plain

    def family(self) -> list[int]:
        """Return its processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def tls(self) -> ssl.SSLContext:
        """Return what trusts this box's certificate and no other."""
        context = ssl.create_default_context()
        kept = certificate.load(self.data)
        assert kept is not None
        text = kept.path.read_text()
        context.load_verify_locations(cadata=text[text.index("-----BEGIN CERT") :])
        return context

    def get(self, path: str, *, is_plain: bool = False, method: str = "GET", body: str | None = None) -> "Reply":
        """Return what is answered over TLS, or to the plain listener."""
        at = self.plain if is_plain else self.web
        client: http.client.HTTPConnection = (
            http.client.HTTPConnection(at.address, at.port, timeout=10)
            if is_plain
            else http.client.HTTPSConnection(at.address, at.port, timeout=10, context=self.tls())
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        try:
            client.request(method, path, body, headers)
            reply = client.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read().decode())
        finally:
            client.close()


class Reply:
    """What was answered."""

    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status, self.headers, self.text = status, headers, text


@contextmanager
def dashboard(folder: Path, *, is_tls: bool = True, environ: dict[str, str] | None = None) -> Iterator[Running]:
    """Give a dashboard that answers."""
    address = own_address()
    web = Endpoint("127.0.0.1", free_port("0.0.0.0")) if is_tls else Endpoint(address, free_port(address))
    plain = Endpoint(address, free_port(address))
    # Loopback needs no TLS; a listener on all addresses does.
    told = f"0.0.0.0:{web.port}" if is_tls else str(web)
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "--data", str(folder / "data"), "--web", told, "--plain", str(plain)],
            stdin=subprocess.PIPE, stdout=written, stderr=written, env=os.environ | (environ or {}),
        )  # fmt: skip
    up = Running(process, folder / "data", log, web, plain)
    try:
        until(lambda: _is_up(up, tells=life.SUPERVISED not in (environ or {})), START_S, "the dashboard answers")
        yield up
    finally:
        family = up.family() if process.poll() is None else []
        process.terminate()
        process.wait(10)
        if process.stdin is not None:
            process.stdin.close()
        until(lambda: not any(is_alive(pid) for pid in family), 5, "all processes end")


def _is_up(up: Running, *, tells: bool) -> bool:
    """Say whether it answers; under a supervisor, who tells for it, it is its bus that shows it."""
    assert up.process.poll() is None, up.log.read_text()
    is_ready = "Dashboard" in up.log.read_text() if tells else (up.data / "bus" / "web.sock").exists()
    with socket.socket() as probe:
        return is_ready and probe.connect_ex((up.web.address, up.web.port)) == 0


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One dashboard in front of the house, for the tests that only look."""
    with dashboard(tmp_path_factory.mktemp("web")) as running:
        yield running


def test_it_says_where_it_is_and_what_it_takes_to_own_it(up: Running) -> None:
    """The address of the house, the fingerprint of the certificate that is served, the code of the first run."""
    told = up.log.read_text()
    kept = certificate.load(up.data)
    assert kept is not None
    assert f"https://kindgate.home:{up.web.port}/" in told
    assert f"SHA-256 {kept.fingerprint}" in told
    assert f"code {code.first_run_code(up.data)}" in told
    raw = socket.create_connection((up.web.address, up.web.port), 5)
    with up.tls().wrap_socket(raw, server_hostname="kindgate.home") as secured:
        assert certificate.fingerprint_of(secured.getpeercert(binary_form=True) or b"") == kept.fingerprint


def test_over_tls_everything_is_served(up: Running) -> None:
    """The first run, with cookies that are bound to it, and no word of the server's make."""
    reply = up.get("/start")
    assert reply.status == 200
    assert reply.headers["Set-Cookie"].startswith("__Host-kindgate=")
    assert reply.headers["Server"] == "kindgate"
    assert up.get("/").headers["Location"] == "/start"


def test_over_plain_http_the_childs_page_alone(up: Running) -> None:
    """All else leads to TLS; what is sent is not taken, and no password is ever asked for."""
    assert up.get("/me", is_plain=True).status == 200
    assert 'type="password"' not in up.get("/me", is_plain=True).text
    assert up.get("/", is_plain=True).headers["Location"] == "/me"
    for path in ("/log-in", "/start", "/join/KIND", "/account"):
        reply = up.get(path, is_plain=True)
        assert (reply.status, reply.headers["Location"]) == (302, f"https://{up.plain.address}:{up.web.port}{path}")
    body = urlencode({"name": "Dana", "password": "correct horse battery"})
    assert up.get("/log-in", is_plain=True, method="POST", body=body).status == 403


def test_plain_http_on_the_port_of_tls_is_led_there(up: Running) -> None:
    """Whoever types the address without https:// gets somewhere, and no form on the way."""
    client = http.client.HTTPConnection(up.web.address, up.web.port, timeout=10)
    client.request("GET", "/log-in")
    reply = client.getresponse()
    assert (reply.status, reply.getheader("Location")) == (302, f"https://{up.web.address}:{up.web.port}/log-in")
    reply.read()
    client.request("POST", "/log-in", "password=x", {"Content-Type": "application/x-www-form-urlencoded"})
    assert client.getresponse().status == 403
    client.close()


def test_who_claims_to_be_elsewhere_is_not_believed(up: Running) -> None:
    """No header of a client makes plain HTTP TLS, or another address."""
    client = http.client.HTTPConnection(up.plain.address, up.plain.port, timeout=10)
    client.request("GET", "/log-in", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
    assert client.getresponse().status == 302
    client.close()
    client = http.client.HTTPConnection(up.plain.address, up.plain.port, timeout=10)
    client.request("GET", "/me", headers={"Host": "evil.example"})
    assert client.getresponse().status == 421
    client.close()


def test_idle_and_broken_connections_stop_nobody(up: Running) -> None:
    """Five times as many as there are threads: silent ones, half a handshake, rubbish, half a request."""
    opened = []
    for octets in (b"", b"\x16", b"\x16\x03\x01\x02\x00", b"\x00\xff rubbish\r\n\r\n"):
        for _ in range(server.THREADS):
            client = socket.create_connection((up.web.address, up.web.port), 5)
            client.sendall(octets)
            opened.append(client)
            if octets:
                client.close()
    assert up.get("/start").status == 200
    for client in opened:
        client.close()
    assert "Traceback" not in up.log.read_text()


def test_the_log_says_nothing_of_who_asked_for_what(up: Running) -> None:
    """No path, no name, no client."""
    up.get("/why?name=canary.example")
    up.get("/canary-path")
    told = up.log.read_text()
    assert "canary" not in told
    assert "GET" not in told


def test_it_answers_on_its_bus(up: Running) -> None:
    """As every daemon does."""
    assert bus.ask(up.data, "web", {"ask": "status"})["bus"] == 1


def test_without_tls_it_serves_loopback(tmp_path: Path) -> None:
    """All pages, with an ordinary cookie; the plain listener has the child's page alone."""
    with dashboard(tmp_path, is_tls=False) as up:
        client = http.client.HTTPConnection(up.web.address, up.web.port, timeout=10)
        client.request("GET", "/start")
        reply = client.getresponse()
        assert reply.status == 200
        assert (reply.getheader("Set-Cookie") or "").startswith("kindgate=")
        client.close()
        assert up.get("/me", is_plain=True).status == 200
        assert up.get("/start", is_plain=True).status == 403
        assert not (up.data / "tls").exists()


def test_sigterm_ends_it_soon(tmp_path: Path) -> None:
    """With connections open that nobody uses; the port is free at once."""
    with dashboard(tmp_path) as up:
        family = up.family()
        assert len(family) == 2
        idle = [socket.create_connection((up.web.address, up.web.port), 5) for _ in range(3)]
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(5) == 0
        until(lambda: not any(is_alive(pid) for pid in family), 5, "all processes end")
        server.open_listener(up.web).close()
        for one in idle:
            one.close()


def test_it_ends_with_its_supervisor(tmp_path: Path) -> None:
    """Whoever held the other end of standard input is gone."""
    with dashboard(tmp_path, environ={life.SUPERVISED: "1"}) as up:
        family = up.family()
        assert up.process.stdin is not None
        up.process.stdin.close()
        assert up.process.wait(10) == 0
        until(lambda: not any(is_alive(pid) for pid in family), 5, "all processes end")


def test_after_a_kill_another_one_takes_its_place(tmp_path: Path) -> None:
    """The worker notices that its master is gone, and the port is waited for."""
    with dashboard(tmp_path) as up:
        family = up.family()
        up.process.kill()
        up.process.wait(5)
        opened = server.open_listener(Endpoint("0.0.0.0", up.web.port))
        opened.close()
        until(lambda: not any(is_alive(pid) for pid in family), 5, "all processes end")


def test_a_worker_that_is_killed_is_started_again(tmp_path: Path) -> None:
    """Pages are answered by another one."""
    with dashboard(tmp_path) as up:
        worker = up.family()[1]
        os.kill(worker, signal.SIGKILL)
        until(lambda: len(up.family()) == 2 and up.family()[1] != worker, 10, "another worker")
        until(lambda: up.get("/start").status == 200, 10, "pages are answered")


def test_a_taken_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment in which it might have become free."""
    monkeypatch.setattr(server, "FREE_S", 0.0)
    endpoint = Endpoint(own_address(), free_port(own_address()))
    first = server.open_listener(endpoint)
    with first, pytest.raises(server.ListenError, match=rf"can't listen on {endpoint} \(web\): Address already in use"):
        server.open_listener(endpoint)
    with pytest.raises(server.ListenError, match=r"192\.0\.2\.77:8080"):
        server.open_listener(Endpoint("192.0.2.77", 8080))


@pytest.mark.parametrize(
    ("addresses", "is_tls"),
    [(("127.0.0.1",), False), (("127.0.0.1", "::1"), False), (("127.9.9.9", "192.168.77.1"), True), (("::",), True),
     (("0.0.0.0",), True), (("fe80::1",), True)],
)  # fmt: skip
def test_tls_is_wanted_wherever_others_can_come(addresses: tuple[str, ...], is_tls: bool) -> None:
    """One address that isn't loopback is enough."""
    assert server.needs_tls(Endpoint(address, 8080) for address in addresses) is is_tls


def test_without_a_certificate_it_does_not_begin(tmp_path: Path) -> None:
    """Rather than without TLS."""
    (tmp_path / "data").write_text("")
    with pytest.raises(server.NotReady, match="no certificate"):
        server.prepare(tmp_path / "data", (Endpoint("0.0.0.0", 8443),), (), ())


def test_urls_are_as_a_person_types_them() -> None:
    """Without the usual port; by name where it listens on all addresses."""
    https = Listening((Endpoint("0.0.0.0", 443), Endpoint("::", 443), Endpoint("fd77::1", 8443)), is_tls=True)
    assert server.urls(https) == ["https://kindgate.home/", "https://[fd77::1]:8443/"]
    assert server.urls(Listening((Endpoint("127.0.0.1", 8080),))) == ["http://127.0.0.1:8080/"]
    assert server.greeting(Listening((Endpoint("127.0.0.1", 80),)), None) == [("Dashboard", "http://127.0.0.1/")]


def _seen(seen: dict[str, object], environ: dict[str, object]) -> list[bytes]:
    seen.update(environ)
    return []


class FakeSocket:
    """A plain connection between two addresses."""

    def __init__(self, local: tuple[object, ...], peer: tuple[object, ...]) -> None:
        self.getsockname = lambda: local
        self.getpeername = lambda: peer


@pytest.mark.parametrize(
    ("local", "is_plain"),
    [(("127.0.0.1", 8080), False), (("192.168.77.1", 80), True), (("192.168.77.1", 8080), True), (("::1", 9), True)],
)
def test_what_is_no_listener_for_all_pages_is_plain(local: tuple[str, int], is_plain: bool) -> None:
    """In doubt nothing with a log-in is served."""
    seen: dict[str, object] = {}
    listening = Listening((Endpoint("127.0.0.1", 8080),), (Endpoint("0.0.0.0", 80),))
    app = server.told(lambda environ, _: _seen(seen, environ), listening)
    app({"gunicorn.socket": FakeSocket(local, ("192.168.77.9", 1)), "REMOTE_ADDR": "192.168.77.9"}, print)
    assert (seen.get(PLAIN, False), seen[LOCAL]) == (is_plain, local[0])


def test_a_link_local_client_has_its_interface() -> None:
    """Without it the box can't tell whose device it is."""
    seen: dict[str, object] = {}
    app = server.told(lambda environ, _: _seen(seen, environ), Listening())
    peer = ("fe80::1%eth0", 1, 0, 3)
    app({"gunicorn.socket": FakeSocket(("fe80::2", 80, 0, 3), peer), "REMOTE_ADDR": "fe80::1"}, print)
    assert seen["REMOTE_ADDR"] == "fe80::1%3"


def test_without_a_folder_for_the_secret_it_goes_on(tmp_path: Path) -> None:
    """With one that is good until the next start; there is no code to tell then."""
    (tmp_path / "data").write_text("")
    assert len(server.secret_of(tmp_path / "data")) == code.OCTETS
    assert server.first_run_code(tmp_path / "data") is None
