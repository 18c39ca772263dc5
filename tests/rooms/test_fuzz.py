"""Fuzzing: every parser takes what it is given, and what breaks one is told; atheris itself is stood in for."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import query
from appliance.core.wire import dns, http, question, svcb, tls
from appliance.core.wire.hello import Hello
from appliance.core.wire.packets import Packets
from appliance.core.wire.quic import is_quic
from appliance.world.capture import Capture
from scripts.fuzzlib import answering, cli
from scripts.fuzzlib.parsers import LINKS, PARSERS

STAND_IN = """\
import contextlib
import sys
from pathlib import Path

given = []

@contextlib.contextmanager
def instrument_imports(include):
    assert not any(name.startswith("appliance") for name in sys.modules)
    yield

def Setup(options, read):
    given.extend((options, read))

def Fuzz():
    options, read = given
    seeds = [path.read_bytes() for path in Path(options[-1]).iterdir()]
    for seed in seeds:
        read(seed)
    print(f"stat::number_of_executed_units: {len(seeds)}", file=sys.stderr)
    FUZZED
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a module that is imported as atheris, and reads the seeds."""
    module = tmp_path / "atheris.py"
    module.write_text(STAND_IN.replace("FUZZED", "sys.exit(0)"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return module


@pytest.mark.parametrize("name", PARSERS)
@given(octets=st.binary(max_size=200), cut=st.integers(0, 200))
def test_a_parser_lets_nothing_out(name: str, octets: bytes, cut: int) -> None:
    """Neither of any octets nor of its seeds, cut and with other octets behind."""
    PARSERS[name].read(octets)
    for seed in PARSERS[name].seeds:
        PARSERS[name].read(seed[:cut] + octets)


def test_the_seeds_are_what_the_parsers_are_for() -> None:
    """So that fuzzing begins where it is interesting."""
    for seed in PARSERS["http"].seeds:
        assert isinstance(http.parse_request(seed), http.Request)
    datagram, stream = PARSERS["question"].seeds
    assert question.parse_question(datagram) == question.parse_stream_question(stream)
    hello = tls.parse_hello(PARSERS["tls"].seeds[0])
    assert isinstance(hello, Hello)
    assert hello.name == "example.com"
    assert all(is_quic(seed) for seed in PARSERS["quic"].seeds)
    for seed in PARSERS["ip"].seeds:
        assert Packets().read(LINKS[seed[0]], seed[1:], 0.0)
    for seed in PARSERS["capture"].seeds:
        assert len(list(Capture(BytesIO(seed)))) == 1


def test_the_seeds_of_answers_reach_a_child_and_an_adult() -> None:
    """Ours for queries are queries, those for answers are read: addresses, keys, none at all, and too many octets."""
    assert all(isinstance(dns.parse_query(seed), dns.Query) for seed in answering.DNS_SEEDS if not seed[2] & 0x80)
    told = [dns.parse_message(seed) for seed in answering.DNS_SEEDS if seed[2] & 0x80]
    assert {record.rtype for message in told for record in message.answers} >= {dns.A, dns.AAAA, dns.CNAME, *svcb.TYPES}
    assert {message.rcode for message in told} == {dns.NOERROR, dns.NXDOMAIN, dns.SERVFAIL}
    assert max(len(message.wire) for message in told) > dns.MAX_UDP_OCTETS


FAULTS = {
    "keys that are not taken out": ("ech.without_keys", lambda message: message),
    "addresses of a home": ("decide_home", lambda *_: None),
    "too long for UDP": ("_fitting", lambda _, made, __: made),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_answer_path_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the seeds is enough."""
    where, instead = FAULTS[fault]
    monkeypatch.setattr(f"{query.__name__}.{where}", instead)

    def is_found_by(seed: bytes) -> bool:
        try:
            PARSERS["answers"].read(seed)
        except answering.Broken:
            return True
        return False

    assert any(map(is_found_by, answering.ANSWER_SEEDS))


def test_all_are_fuzzed_and_nothing_is_found(
    stand_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One process for each, with its seeds."""
    assert cli.main(["http", "capture", "--seconds", "1", "--keep", str(tmp_path / "kept")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "http: 1 s",
        "stat::number_of_executed_units: 3",
        "capture: 1 s",
        "stat::number_of_executed_units: 2",
        "nothing was found",
    ]


def test_what_breaks_a_parser_is_told(stand_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With all that libFuzzer said."""
    stand_in.write_text(STAND_IN.replace("FUZZED", "raise KeyError('found')"))
    assert cli.main(["question", "--keep", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "KeyError: 'found'" in out
    assert out.endswith("broken: question\n")


def test_without_atheris_nothing_is_fuzzed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It has wheels for few machines; a clear word says so."""
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    assert cli.main([]) == 0
    assert "nothing was fuzzed" in capsys.readouterr().err


def test_a_name_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """And those that are parsers are told."""
    with pytest.raises(SystemExit):
        cli.main(["smtp"])
    assert "no parser smtp: http, dns, answers, question, tls" in capsys.readouterr().err
