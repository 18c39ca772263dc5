"""The options that commands share: the command line over the file over the defaults, alike for every command."""

from pathlib import Path

import click
import pytest

from appliance.__main__ import main
from appliance.commands import options
from appliance.commands.options import Fault, Misused, configured
from appliance.config import MAX_WORKERS, Config, Endpoint, ask_plainly
from tests.commands.cli import HOUSE, applied, kindgate

PLACED = [
    ["house", "show"],
    ["house", "apply", "-"],
    ["explain", "example.com"],
    ["check"],
    ["run"],
    ["nameserver"],
    ["steward"],
    ["finder"],
    ["web"],
    ["caregiver", "list"],
]


def command(words: list[str]) -> click.Command:
    """Return a command by its words."""
    found: click.Command = main
    for word in words:
        if isinstance(found, click.Group) and (inner := found.get_command(click.Context(found), word)) is not None:
            found = inner
    return found


def helps(words: list[str]) -> dict[str, str | None]:
    """Return what a command says of --data and --config."""
    told = [one for one in command(words).params if isinstance(one, click.Option)]
    return {str(one.name): one.help for one in told if one.name in ("data", "config")}


@pytest.mark.parametrize("words", PLACED)
def test_every_command_has_the_same_data_and_config(words: list[str]) -> None:
    """One pair of options with one text, wherever it stands."""
    expected = {"data": ["--data"], "config": ["--config"]}
    found = {str(one.name): one.opts for one in command(words).params if one.name in expected}
    assert found == expected
    assert helps(words) == helps(["check"])


@pytest.mark.parametrize("words", PLACED[:4])
def test_data_works_alike(words: list[str], nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A house in a folder is found by --data, by KINDGATE_DATA, by the configuration, and in the user's own folder."""
    applied(nowhere / "data")
    applied(nowhere / ".local" / "share" / "kindgate")
    file = nowhere / "appliance.yaml"
    file.write_text(f"data: {nowhere / 'data'}\n")
    outputs = [kindgate(*words, "--data", str(nowhere / "data"), stdin=HOUSE).output]
    outputs.append(kindgate(*words, "--config", str(file), stdin=HOUSE).output)
    outputs.append(kindgate(*words, stdin=HOUSE).output)
    monkeypatch.setenv("KINDGATE_DATA", str(nowhere / "data"))
    outputs.append(kindgate(*words, stdin=HOUSE).output)
    own = nowhere / ".local" / "share" / "kindgate"
    plain = [text.replace(str(own), "D").replace(str(nowhere / "data"), "D") for text in outputs]
    if "apply" not in words:
        assert len(set(plain)) == 1, plain
    else:
        # One house: the same revision in the same folder, and the first one of its own in another.
        assert [text.split()[1] for text in plain] == ["1", "1", "1", "1"]


def test_the_order_of_places(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--data, then KINDGATE_DATA, then the configuration, then XDG_DATA_HOME, then the user's own."""
    config = Config(data=str(nowhere / "configured"))
    assert options.data_folder(None, Config()) == nowhere / ".local" / "share" / "kindgate"
    monkeypatch.setenv("XDG_DATA_HOME", str(nowhere / "xdg"))
    assert options.data_folder(None, Config()) == nowhere / "xdg" / "kindgate"
    assert options.data_folder(None, config) == nowhere / "configured"
    monkeypatch.setenv("KINDGATE_DATA", str(nowhere / "told"))
    assert options.data_folder(None, config) == nowhere / "told"
    assert options.data_folder(nowhere / "said", config) == nowhere / "said"
    monkeypatch.chdir(nowhere)
    assert options.data_folder(Path("here"), config) == nowhere / "here"


def test_the_command_line_wins_over_the_file(nowhere: Path) -> None:
    """What is said replaces what the file says; what isn't said stays."""
    file = nowhere / "a.yaml"
    file.write_text("dns: [127.0.0.1:5301]\nworkers: 3\nupstreams: [192.0.2.1]\n")
    told = configured(file, dns=(), workers=None, upstreams=("192.0.2.2:54",))
    assert (told.dns, told.workers, told.upstreams) == (("127.0.0.1:5301",), 3, ("192.0.2.2:54",))
    assert configured(None, dns=("[::1]:5302",), workers=None).dns == ("[::1]:5302",)


def test_the_systems_file_is_read_where_there_is_one(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/etc/kindgate/appliance.yaml needs no --config."""
    file = nowhere / "system.yaml"
    monkeypatch.setattr(options, "SYSTEM_CONFIG", file)
    assert configured(None).workers is None
    file.write_text("workers: 2\n")
    assert configured(None).workers == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dnz: []\n", "a.yaml: line 1: dnz: unknown key 'dnz'"),
        ("dns: [localhost:53]\n", "a.yaml: line 1: dns.#1: 'localhost' does not appear to be"),
        ("workers: 0\n", "a.yaml: line 1: workers: "),
        ("dns: []\n", "a.yaml: dns: needs an address"),
        ("dns: [\n", "a.yaml: line "),
    ],
)
def test_a_wrong_file_is_exit_status_2(nowhere: Path, text: str, words: str) -> None:
    """With file and line; a service manager need not try again."""
    file = nowhere / "a.yaml"
    file.write_text(text)
    with pytest.raises(Misused) as caught:
        configured(file)
    assert words in caught.value.message
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, Fault)
    assert kindgate("check", "--config", str(file), data=nowhere).exit_code == 2


def test_a_missing_file_is_exit_status_2(nowhere: Path) -> None:
    """A configuration that was named and isn't there is not passed over."""
    result = kindgate("check", "--config", str(nowhere / "none.yaml"), data=nowhere)
    assert (result.exit_code, "No such file" in result.stderr) == (2, True)


def test_a_file_is_no_data_folder(nowhere: Path) -> None:
    """Click says so, with exit status 2."""
    (nowhere / "file").write_text("")
    assert kindgate("check", data=nowhere / "file").exit_code == 2


def test_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One a core that we may use, at most four, or as told."""
    for cores, expected in ((1, 1), (3, 3), (64, MAX_WORKERS)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, n=cores: set(range(n)))
        assert options.worker_count(Config()) == expected
    assert options.worker_count(Config(workers=9)) == 9


def test_upstreams_are_never_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolvers but for this very nameserver; what is configured is taken at its word."""
    system = (Endpoint("127.0.0.1", 53), Endpoint("192.0.2.1", 53), Endpoint("::1", 53))
    monkeypatch.setattr(options, "system_resolvers", lambda: system)
    assert options.upstreams_of(Config()) == ask_plainly(system)
    assert options.upstreams_of(Config(dns=("127.0.0.1:53",))) == ask_plainly(system[1:])
    assert options.upstreams_of(Config(dns=("192.0.2.1:53",))) == ask_plainly((system[0], system[2]))
    assert options.upstreams_of(Config(dns=("0.0.0.0:53", "[::]:53"))) == ask_plainly(system[1:2])
    assert options.upstreams_of(Config(dns=("0.0.0.0:5353",))) == ask_plainly(system)
    assert options.upstreams_of(Config(upstreams=("192.0.2.9",))) == ask_plainly((Endpoint("192.0.2.9", 53),))


def test_a_place_is_counted_from_one() -> None:
    """As the lines of a document count."""
    assert options.place_of(("persons", 0, "rules", 11, "name")) == "persons.#1.rules.#12.name"
