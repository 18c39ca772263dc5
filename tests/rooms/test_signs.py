"""Counting what signs tell: the right and the wrong apart, visits of sites by nDPI's word, one place to write."""

import json
import struct
from collections import Counter
from pathlib import Path

import pytest

from appliance.core.flows.settle import Settle, Why
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.packet import Protocol
from appliance.wording import SIGNS
from scripts.signslib import cases, cli, table
from scripts.signslib.score import Figures, Score, score
from scripts.signslib.subject import Subject, fits
from scripts.signslib.truth import SUBJECTS
from tests.core.wire.frames import ipv4

TUNNEL = Subject("A tunnel", ("tunnel", "burrow"), {"one": "udp/7", "two": "*"}, "Some of it is dug too deep.")
CALL = Subject("A call", ("call",))
DEEP = Subject("A mine", (), {"two": "*"}, "Nobody goes there.")
WEAK, STRONG = Sign("burrow", Confidence.WEAK, "smell"), Sign("tunnel", Confidence.STRONG, "sight")
RINGING = Sign("call", Confidence.LIKELY)


def settle(*signs: Sign, port: int = 7, protocol: int = Protocol.UDP, name: str | None = None) -> Settle:
    """Return a flow with signs."""
    ends = (bytes((10, 0, 0, 1)), 5000, bytes((192, 0, 2, 1)), port)
    return Settle(protocol, *ends, Kind.OTHER, Why.END, name, signs=signs)


def counted() -> Score:
    """Return what is counted of two captures."""
    flows = {
        "one": [settle(WEAK, STRONG), settle(WEAK), settle(), settle(WEAK, port=8), settle(RINGING)],
        "two": [settle()],
        "three": [settle(STRONG, port=80), settle(port=80)],
    }
    return score(flows.items(), (TUNNEL, CALL, DEEP), lambda _, one: one.server_port == 80)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("*", True), ("udp", True), ("udp/7", True), ("udp/5000", True), ("udp/8", False), ("tcp", False),
        ("tcp/7", False), ("ip/17", True), ("ip/50", False), ("example", True), ("a.example", True),
        ("www.a.example", True), ("ample", False), ("b.example", False),
    ],
)  # fmt: skip
def test_words_fit_flows(word: str, expected: bool) -> None:
    """By protocol, by the port of either end, by the end of a name."""
    assert fits(word, settle(name="www.a.example")) is expected


def test_a_flow_without_a_name_fits_none() -> None:
    """Nor does a capture that a kind is not in."""
    assert not fits("example", settle())
    assert not TUNNEL.is_in("three", settle())
    assert TUNNEL.is_in("two", settle(port=9))


def test_right_and_wrong_are_counted_apart() -> None:
    """By the surest sign of each flow; a capture in which nothing is told is missed."""
    score_ = counted()
    assert (score_.captures, score_.flows, score_.web) == (3, 8, 2)
    assert score_.figures == {
        "A tunnel": Figures(
            captures=2,
            flows=5,
            told=Counter({(Confidence.STRONG, "sight"): 1, (Confidence.WEAK, "smell"): 1}),
            missed=["two"],
            wrong=Counter({Confidence.WEAK: 1, Confidence.STRONG: 1}),
            wrong_web=Counter({Confidence.STRONG: 1}),
        ),
        "A call": Figures(wrong=Counter({Confidence.LIKELY: 1})),
        "A mine": Figures(captures=1, flows=1, missed=["two"]),
    }


PAGE = """\
Counted over 3 captures: 8 flows, of which 2 are visits of
sites. 3 flows have a sign of what they are not, 1 of them a strong one.

| What | Sign | Captures | Flows | How surely, and by what | Wrong | Wrong on the web |
|---|---|---:|---:|---|---:|---:|
| A tunnel | `tunnel`, `burrow` | 1 of 2 | 2 of 5 | strong: sight 1; weak: smell 1 | 1 · 0 · 1 | 1 · 0 · 0 |
| A call | `call` | none here |  |  | 0 · 1 · 0 | 0 · 0 · 0 |

*Captures* and *flows* are those recognised, of those that hold it; *wrong* are flows that have the sign and
are something else: strong, likely, weak. *None here*: no capture holds it; tests make it themselves.

| Not recognised, or not always | Captures | Why |
|---|---:|---|
| A tunnel | 1 of 2 | Some of it is dug too deep. |
| A mine | 1 of 1 | Nobody goes there. |"""


def test_the_page_says_all_of_it() -> None:
    """What is told with how it is told, then what is not with the reason."""
    assert table.page(counted(), (TUNNEL, CALL, DEEP)) == PAGE


def test_the_page_goes_where_the_readme_has_a_place() -> None:
    """Twice is once, and all around it stays."""
    before = f"# One\n\n{table.BEGIN}\nold\n{table.END}\n\n# Two\n"
    after = table.with_page(before, PAGE)
    assert after == f"# One\n\n{table.BEGIN}\n\n{PAGE}\n\n{table.END}\n\n# Two\n"
    assert table.with_page(after, PAGE) == after
    assert table.page_of(after) == PAGE
    for lacking in ("", table.BEGIN, table.END):
        with pytest.raises(ValueError, match="no place"):
            table.with_page(lacking, PAGE)


def flow(port: int, **words: str) -> dict[str, object]:
    """Return a flow as `expected.json` has it."""
    return {"l4": "tcp", "src": "10.0.0.1", "sport": 5000, "dst": "192.0.2.1", "dport": port, "proto": "tls"} | words


EXPECTED = {
    "a.pcap": [
        flow(1, app="TLS", category="Web/5"),
        flow(2),
        flow(3, app="TLS.DoH_DoT", category="Network/14"),
        flow(4, app="TLS.TunnelBear", category="VPN/2"),
        flow(5, proto="dns"),
        flow(6, src="192.0.2.1", dst="10.0.0.1", proto="http"),
    ]
}


def folder(path: Path) -> Path:
    """Return a folder with one capture of one packet of ESP, and the words about it."""
    frame = ipv4(bytes(20), 50)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    (path / "a.pcap").write_bytes(head + struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame)
    (path / cases.EXPECTED).write_text(json.dumps(EXPECTED), "utf-8")
    (path / "classes.json").write_text("{}", "utf-8")
    return path


def test_visits_of_sites_are_those_that_ndpi_calls_nothing_else(tmp_path: Path) -> None:
    """TLS, QUIC and HTTP without a word of VPN or encrypted DNS; whichever end is the client."""
    web = cases.plain_web(folder(tmp_path))
    assert {one[1] + other[1] - 5000 for _, _, one, other in web} == {1, 2, 6}
    assert cases.key("a.pcap", settle(port=1, protocol=Protocol.TCP)) in web
    assert cases.key("a.pcap", settle(port=3, protocol=Protocol.TCP)) not in web
    assert cases.key("a.pcap", settle(port=1, protocol=50))[1] == "50"


def test_a_folder_of_captures_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the same reading as `kindgate flows`; what is wrong is printed, flow by flow."""
    assert [path.name for path in cases.captures(folder(tmp_path))] == ["a.pcap"]
    assert cli.main([str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Counted over 1 captures: 1 flows")
    assert ": a.pcap: other 50 192.0.2.1 0 > 198.51.100.2 0" in told


def test_what_is_missed_and_what_is_right_are_told() -> None:
    """The right only where that is asked for."""
    assert [line.partition(":")[0] for line in cli.told(counted())] == [
        "wrong",
        "wrong",
        "wrong on the web",
        *["missed"] * 2,
    ]
    assert [line.partition(":")[0] for line in cli.told(counted(), with_right=True)][:2] == ["right", "right"]


def test_the_readme_is_written_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only there."""
    readme, captures = tmp_path / "README.md", tmp_path / "captures"
    captures.mkdir()
    readme.write_text(f"{table.BEGIN}{table.END}", "utf-8")
    monkeypatch.setattr(cli, "README", readme)
    assert cli.main([str(folder(captures))]) == 0
    assert readme.read_text("utf-8") == f"{table.BEGIN}{table.END}"
    assert cli.main([str(captures), "--write"]) == 0
    assert "Counted over 1 captures" in table.page_of(readme.read_text("utf-8"))


def test_without_captures_nothing_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And that is said."""
    assert cli.main([str(tmp_path)]) == 2
    assert "no captures" in capsys.readouterr().err


def test_every_sign_is_of_one_subject() -> None:
    """Each that there is a sentence for, and no other."""
    assert Counter(sign for subject in SUBJECTS for sign in subject.signs) == Counter(SIGNS.keys())
    assert len({subject.title for subject in SUBJECTS}) == len(SUBJECTS)


def test_what_no_sign_is_for_has_a_reason() -> None:
    """And a table's cell can hold what is said."""
    assert [one.title for one in SUBJECTS if not (one.signs or one.why)] == []
    assert all("|" not in one.title + one.why and "\n" not in one.title + one.why for one in SUBJECTS)
