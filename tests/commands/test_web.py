"""`kindgate web` says where it is, and what it can't do, in one sentence."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from appliance.commands import web as command
from appliance.config import Config, Endpoint
from appliance.web import certificate, code, server
from appliance.web.gate import Listening
from tests.commands.cli import kindgate
from tests.running import free_port, own_address


def web(data: Path, *words: str) -> Result:
    """Return what the command does with these words."""
    return kindgate("web", *words, data=data)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Listening, bool]]:
    """What would have been served."""
    seen: list[tuple[Path, Listening, bool]] = []

    def serve(data: Path, listening: Listening, context: object, ready: Callable[[], None]) -> None:
        seen.append((data, listening, context is not None))
        ready()

    monkeypatch.setattr(server, "serve", serve)
    return seen


def test_by_default_it_is_on_loopback(tmp_path: Path, served: list[tuple[Path, Listening, bool]]) -> None:
    """Without TLS, and with the code of the first run."""
    result = web(tmp_path)
    assert result.exit_code == 0, result.output
    assert served == [(tmp_path, Listening((Endpoint("127.0.0.1", 8080),)), False)]
    assert "  Dashboard   http://127.0.0.1:8080/\n" in result.stdout
    assert f"  First run   code {code.first_run_code(tmp_path)}\n" in result.stdout
    assert "Fingerprint" not in result.stdout


def test_in_the_lan_it_is_on_tls(tmp_path: Path, served: list[tuple[Path, Listening, bool]]) -> None:
    """With the fingerprint; the command line wins over the configuration, which adds names."""
    config = tmp_path / "appliance.yaml"
    config.write_text("web: 127.0.0.1:9\nhosts: box.example\n")
    words = ("--web", "0.0.0.0:8443", "--web", "[::]:8443", "--plain", "0.0.0.0:8080", "--config", str(config))
    result = web(tmp_path / "data", *words)
    assert result.exit_code == 0, result.output
    ((_, listening, is_tls),) = served
    kept = certificate.load(tmp_path / "data")
    assert kept is not None
    assert is_tls
    assert listening.web == (Endpoint("0.0.0.0", 8443), Endpoint("::", 8443))
    assert listening.plain == (Endpoint("0.0.0.0", 8080),)
    assert listening.hosts == ("box.example",)
    assert "box.example" in kept.names
    assert f"  Fingerprint SHA-256 {kept.fingerprint}\n" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--web", "localhost:80"), "IPv4 or IPv6"), (("--web", "127.0.0.1"), "needs a port"), (("--plain", "x"), "x")],
)
def test_a_wrong_address_is_exit_status_2(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """Nothing is started, nothing made."""
    result = web(tmp_path / "data", *words)
    assert (result.exit_code, told in result.stderr) == (2, True)
    assert not (tmp_path / "data").exists()


def test_a_taken_port_is_exit_status_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence."""
    monkeypatch.setattr(server, "FREE_S", 0.0)
    endpoint = Endpoint(own_address(), free_port(own_address()))
    with socket.socket() as other:
        other.bind((endpoint.address, endpoint.port))
        other.listen()
        result = web(tmp_path / "data", "--web", str(endpoint))
    assert result.exit_code == 2
    assert result.stderr == f"Error: can't listen on {endpoint} (web): Address already in use\n"


def test_without_a_certificate_it_says_so(tmp_path: Path) -> None:
    """And serves nothing."""
    (tmp_path / "file").write_text("")
    result = web(tmp_path / "file" / "data", "--web", "0.0.0.0:8443")
    assert result.exit_code == 1
    assert "no certificate" in result.stderr


def test_what_run_and_check_tell_is_the_same(tmp_path: Path) -> None:
    """Where it is, the fingerprint once there is one, and the code."""
    config = Config(web=("0.0.0.0:8443",))
    first = dict(command.greeting_of(tmp_path, config))
    assert set(first) == {"Dashboard", "First run"}
    kept = certificate.ensure(tmp_path, [], [], 1_772_600_000.0)
    told = dict(command.greeting_of(tmp_path, config))
    assert told["Dashboard"] == "https://kindgate.home:8443/"
    assert told["Fingerprint"] == f"SHA-256 {kept.fingerprint}"
    assert told["First run"] == f"code {code.first_run_code(tmp_path)}"


def test_another_process_is_told_the_same() -> None:
    """By these words."""
    assert command.web_words(("a:1", "b:2"), ("c:3",)) == ("--web", "a:1", "--web", "b:2", "--plain", "c:3")
