"""`kindgate list`: lists are added, taken away and fetched anew, without a daemon; what is refused leaves no trace."""

from pathlib import Path

import msgspec
import pytest
from click.testing import Result

from appliance.core.house import House
from appliance.core.lists.rule import Syntax
from appliance.core.subscription import ListKind, Subscription
from appliance.household.lists import FOLDER, load_standing, set_file, source_file
from appliance.store.house import HouseStore
from appliance.world.listfile import digest_of, open_set
from appliance.world.snapshot import CURRENT, PREVIOUS, load_snapshot
from tests.commands.cli import applied, kindgate

TEXT = "0.0.0.0 ads.example\n0.0.0.0 track.example\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house, where no daemon runs."""
    return applied(tmp_path / "data")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration, beside which lists may lie."""
    (tmp_path / "etc" / "lists").mkdir(parents=True)
    file = tmp_path / "etc" / "appliance.yaml"
    file.write_text("workers: 1\n")
    return file


def write(tmp_path: Path, text: str | bytes, name: str = "ads.txt") -> str:
    """Return the path of a list."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def house(data: Path) -> House:
    """Return the house as it is published."""
    snapshot = load_snapshot(data).snapshot
    return snapshot.house if snapshot else House()


def said(data: Path) -> list[tuple[str, str]]:
    """Return who changed what in the house, the latest first."""
    with HouseStore(data) as store:
        return [(entry.who, entry.what.code) for entry in store.audit()]


def lines(data: Path, name: str) -> list[tuple[str, int]]:
    """Return which lines of which lists are about a name."""
    found = open_set(set_file(data))
    return [(hit.list, hit.line) for hit in found.find(name)] if found is not None else []


def is_clean(data: Path) -> bool:
    """Say whether nothing lies here of any list."""
    sources = data / FOLDER / "sources"
    left = [path.name for path in sources.iterdir() if not path.name.endswith("lock")] if sources.exists() else []
    return (left, load_standing(data).lists, set_file(data).exists()) == ([], {}, False)


def test_a_file_is_copied_in(data: Path, tmp_path: Path) -> None:
    """It is part of the house, kept, built and told; the file itself is no longer needed."""
    text = f"{TEXT}||rules.example^$dnstype=A\nnews.example##.banner\n1234567890.com\n"
    path = write(tmp_path, text)
    added = kindgate("list", "add", path, "--name", "My Ads", data=data)
    assert (added.exit_code, added.stderr) == (0, "")
    told = added.stdout.splitlines()
    assert told[0].startswith("Added my-ads: 3 names, 1 rule of 5 lines")
    assert told[1] == "my-ads: 1 line left out: hides parts of pages, which a nameserver can't"
    assert told[-1] == f"No nameserver is running with {data}: whoever starts next runs it."
    Path(path).unlink()
    assert house(data).lists == (Subscription(id="my-ads", name="My Ads"),)
    assert said(data)[0] == ("box", "list_added")
    assert lines(data, "track.example") == [("my-ads", 2)]
    assert load_standing(data).digest == digest_of(set_file(data))
    assert source_file(data, "my-ads").stat().st_mode & 0o777 == 0o640


def test_a_list_is_the_first_that_is_said(tmp_path: Path) -> None:
    """On a new box there needs to be no house."""
    added = kindgate("list", "add", write(tmp_path, TEXT), "--name", "Ads", data=tmp_path / "new" / "data")
    assert added.exit_code == 0, added.output
    assert house(tmp_path / "new" / "data") == House(lists=(Subscription(id="ads", name="Ads"),))


def test_all_that_is_said_of_a_list(data: Path, tmp_path: Path) -> None:
    """Each option stands in the house; persons by id or name; ids of two lists of one name differ."""
    path = write(tmp_path, "ads.example\n")
    words = ["--category", "gambling", "--person", "Kim", "--person", "alex", "--syntax", "mixed"]
    words += ["--no-subdomains", "--redirects", "--wide"]
    for more in (["--id", "casino", *words], ["--allow"], ["--subdomains"]):
        added = kindgate("list", "add", path, "--name", "Casinos", *more, data=data)
        assert added.exit_code == 0, added.output
    assert house(data).lists == (
        Subscription(
            id="casino", name="Casinos", category="gambling", persons=("kim", "alex"), syntax=Syntax.MIXED,
            subdomains=False, redirects=True, wide=True,
        ),
        Subscription(id="casinos", name="Casinos", kind=ListKind.ALLOW),
        Subscription(id="casinos-2", name="Casinos", subdomains=True),
    )  # fmt: skip
    assert {list_id for list_id, _ in lines(data, "ads.example")} == {"casino", "casinos", "casinos-2"}
    assert {list_id for list_id, _ in lines(data, "www.ads.example")} == {"casinos-2"}
    assert kindgate("list", "remove", "casinos", data=data).exit_code == 0
    removed = kindgate("list", "remove", "Casinos", data=data)
    assert removed.exit_code == 1
    assert removed.stderr == "Error: 'Casinos' may be casino or casinos-2: write one of these ids\n"


REFUSED: list[tuple[str | bytes, list[str], str]] = [
    ("<!DOCTYPE html>\n<html>", [], "web page"),
    (b"\x7fELF\x00\x01\x02" * 100, [], "not a text"),
    ("", [], "empty"),
    (TEXT, ["--person", "tom"], "there is no person 'tom'; known: kim, alex"),
    (TEXT, ["--category", "nonsense"], "there is no category 'nonsense'"),
    (TEXT, ["--id", "No Id"], "--id: an id is a short word"),
    (TEXT, ["--name", "x" * 81], "--name: a name is one line"),
    (TEXT, ["--name", " "], "--name: a name is one line"),
    (TEXT, ["--category", "No Such"], "--category: this is not the id"),
    (TEXT, ["--id", "taken"], "taken"),
    ("there is no list here at all\n" * 60, [], "not added: "),
]


@pytest.mark.parametrize(("text", "words", "why"), REFUSED)
def test_what_is_refused_leaves_no_trace(
    data: Path, tmp_path: Path, text: str | bytes, words: list[str], why: str
) -> None:
    """It is said why; the house is of the same revision as before, and nothing lies around."""
    if "taken" in words:
        applied(data, "lists: [{id: taken, name: Taken}]\n")
    before, entries = load_snapshot(data).snapshot, said(data)
    refused = kindgate("list", "add", write(tmp_path, text), "--name", "Ads", *words, data=data)
    assert (refused.exit_code, refused.stdout) == (2 if why.startswith("--") else 1, "")
    assert why in refused.stderr
    assert (load_snapshot(data).snapshot, said(data)) == (before, entries)
    assert is_clean(data)


ADDRESSES = [
    ("http://lists.example/ads.txt", 2, "over https only"),
    ("missing.txt", 2, "'missing.txt' is neither a file nor an address (https://...)"),
    (".", 2, "neither a file nor an address"),
    ("file:///etc/passwd", 2, "lies in the folder of the configuration"),
    ("file:missing.txt", 1, "not added: There is no such file"),
    ("https://127.0.0.1/ads.txt", 1, "not added: That address leads into a home network"),
    ("https://user:secret@lists.example/", 2, "is not the address of a list"),
]


@pytest.mark.parametrize(("address", "status", "why"), ADDRESSES)
def test_an_address_that_leads_nowhere(data: Path, config: Path, address: str, status: int, why: str) -> None:
    """As with a file: why, and nothing else."""
    before, entries = load_snapshot(data).snapshot, said(data)
    refused = kindgate("list", "add", address, "--name", "Ads", "--config", str(config), data=data)
    assert (refused.exit_code, refused.stdout) == (status, "")
    assert why in refused.stderr
    assert (load_snapshot(data).snapshot, said(data)) == (before, entries)
    assert is_clean(data)


def test_a_refused_list_leaves_the_others(data: Path, tmp_path: Path) -> None:
    """The file of all lists is that of before."""
    assert kindgate("list", "add", write(tmp_path, TEXT), "--name", "Ads", data=data).exit_code == 0
    digest = digest_of(set_file(data))
    assert kindgate("list", "add", "file:missing.txt", "--name", "Other", data=data).exit_code == 1
    assert (digest_of(set_file(data)), load_standing(data).digest) == (digest, digest)
    assert load_standing(data).lists.keys() == {"ads"}


@pytest.mark.parametrize("word", ["ads", "My Ads", "my ads"])
def test_a_list_is_removed(data: Path, tmp_path: Path, word: str) -> None:
    """By id or name, with all that lay here of it."""
    assert kindgate("list", "add", write(tmp_path, TEXT), "--name", "My Ads", "--id", "ads", data=data).exit_code == 0
    removed = kindgate("list", "remove", word, data=data)
    assert (removed.exit_code, removed.stdout.splitlines()[0]) == (0, "Removed ads")
    assert (house(data).lists, said(data)[0]) == ((), ("box", "list_removed"))
    assert is_clean(data)


def test_a_list_that_is_not_there(data: Path) -> None:
    """It is said which are."""
    assert kindgate("list", "remove", "ads", data=data).stderr == "Error: there is no list 'ads'; known: none\n"
    applied(data, "lists: [{id: a, name: A}, {id: b, name: B}]\n")
    for words in (["remove", "ads"], ["update", "a", "ads"]):
        missed = kindgate("list", *words, data=data)
        assert (missed.exit_code, missed.stderr) == (1, "Error: there is no list 'ads'; known: a, b\n")


def fetched(data: Path, config: Path, *words: str) -> Result:
    """Return what came of fetching lists anew."""
    return kindgate("list", "update", *words, "--config", str(config), data=data)


def test_lists_are_fetched_anew(data: Path, config: Path) -> None:
    """All or those named; the last good one stays where nothing newer comes, and that is said."""
    near = config.parent / "lists"
    for name in ("one", "two"):
        (near / name).write_text(f"0.0.0.0 {name}.example\n")
        added = kindgate("list", "add", f"file:{name}", "--name", name, "--config", str(config), data=data)
        assert added.exit_code == 0, added.output
    for name in ("one", "two"):
        (near / name).write_text(f"0.0.0.0 new-{name}.example\n0.0.0.0 more-{name}.example\n")
    done = fetched(data, config, "one")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith("one: 2 names, 0 rules of 2 lines")
    assert [bool(lines(data, name)) for name in ("new-one.example", "new-two.example")] == [True, False]
    (near / "one").unlink()
    done = fetched(data, config)
    assert done.exit_code == 1
    assert done.stderr == "Error: nothing newer came of one: what came last stays in force\n"
    assert [bool(lines(data, name)) for name in ("new-one.example", "new-two.example")] == [True, True]
    assert done.stdout.startswith("one: There is no such file")


def test_nothing_to_fetch(data: Path, config: Path, tmp_path: Path) -> None:
    """A list that was copied in, one that is off, or none at all."""
    assert fetched(data, config).stderr.startswith("Error: the house has no list that comes from somewhere")
    assert kindgate("list", "add", write(tmp_path, TEXT), "--name", "Ads", data=data).exit_code == 0
    assert fetched(data, config).exit_code == 1
    assert fetched(data, config, "ads").stderr == "Error: ads was copied in: it can't be fetched\n"
    applied(data, "lists: [{id: b, name: B, url: 'https://lists.example/b', on: false}]\n")
    assert fetched(data, config, "b").stderr == "Error: b is turned off: it can't be fetched\n"


def test_commands_of_lists() -> None:
    """Every one is there, under `list`."""
    told = kindgate("list", "-h")
    assert told.exit_code == 0
    for word in ("add", "check", "find", "remove", "stats", "update"):
        assert f"\n  {word} " in told.output
        assert kindgate("list", word, "-h").exit_code == 0


def test_the_house_is_yaml_as_ever(data: Path, tmp_path: Path) -> None:
    """A list that was added stands in `house show`, and `house apply` takes that."""
    assert kindgate("list", "add", write(tmp_path, TEXT), "--name", "Ads", data=data).exit_code == 0
    shown = kindgate("house", "show", data=data).stdout
    assert "lists:\n- id: ads\n  name: Ads\n" in shown
    assert kindgate("house", "apply", "-", data=data, stdin=shown).exit_code == 0
    assert msgspec.json.encode(house(data).lists) == b'[{"id":"ads","name":"Ads"}]'


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_house_that_can_not_be_read(data: Path, tmp_path: Path, is_kept: bool) -> None:
    """No list is touched then: one that the older house lacks would be taken for one that was removed."""
    assert kindgate("list", "add", write(tmp_path, TEXT), "--name", "Ads", data=data).exit_code == 0
    (data / CURRENT).write_text("{")
    if not is_kept:
        (data / PREVIOUS).unlink()
    for words in (["add", write(tmp_path, TEXT), "--name", "More"], ["remove", "ads"], ["update", "ads"]):
        refused = kindgate("list", *words, data=data)
        assert refused.exit_code == 1
        assert refused.stderr.startswith("Error: house.json can't be read")
    assert lines(data, "ads.example") == [("ads", 1)]
    assert source_file(data, "ads").exists()
