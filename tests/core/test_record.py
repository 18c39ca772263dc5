"""Records of a house: in normal form, with a value that fits the type, and none for a name that others need."""

import msgspec
import pytest

from appliance.core.record import HOME_TOPS, Record, RecordType, covering, guess, problems

RESERVED = frozenset(("help.example",))


def record(name: str, type_: str, value: str, ttl_s: int | None = None) -> Record:
    """Return a record as a house has it."""
    return Record(name=name, type=RecordType(type_), value=value, ttl_s=ttl_s)


def wrong(*records: Record, domain: str = "lan") -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with records."""
    return list(problems(records, domain, RESERVED))


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (("NAS.Lan.", "A", " 192.168.1.5 "), "nas.lan", "192.168.1.5"),
        (("*.Nas.lan", "AAAA", "FD00:0::5"), "*.nas.lan", "fd00::5"),
        (("nas.lan", "A", "a"), "nas.lan", "A"),
        (("nas.lan", "AAAA", "AAAA"), "nas.lan", "AAAA"),
        (("www.example.org", "CNAME", "Example.ORG."), "www.example.org", "example.org"),
        (("*.a.example", "CNAME", "*.A.example"), "*.a.example", "*.a.example"),
        (("müller.example", "CNAME", "bücher.example"), "xn--mller-kva.example", "xn--bcher-kva.example"),
        (("192.168.1.5", "PTR", "Nas.lan"), "5.1.168.192.in-addr.arpa", "nas.lan"),
        (("fd00::5", "PTR", "nas.lan"), "5" + ".0" * 29 + ".d.f.ip6.arpa", "nas.lan"),
        (("5.1.168.192.in-addr.arpa", "PTR", "nas.lan"), "5.1.168.192.in-addr.arpa", "nas.lan"),
        (("nas.lan", "TXT", "In the cellar"), "nas.lan", "In the cellar"),
        (("_ipp._tcp.lan", "SRV", "0 05  631 Printer.lan"), "_ipp._tcp.lan", "0 5 631 printer.lan"),
        (("_ipp._tcp.lan", "SRV", "0 0 0 ."), "_ipp._tcp.lan", "0 0 0 ."),
    ],
)
def test_one_spelling(given: tuple[str, str, str], name: str, value: str) -> None:
    """Of names and values, whatever was typed; and so written it reads back as itself."""
    made = record(*given)
    assert (made.name, made.value) == (name, value)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Record) == made


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("nas.lan", "A", "fd00::5"), "'fd00::5' is not an address of IPv4"),
        (("nas.lan", "AAAA", "192.168.1.5"), "'192.168.1.5' is not an address of IPv6"),
        (("nas.lan", "A", "AAAA"), "'AAAA' is not an address of IPv4"),
        (("n as.lan", "A", "192.168.1.5"), "'n as.lan' is not a domain name"),
        (("a.*.lan", "A", "192.168.1.5"), "not a domain name"),
        (("*.", "A", "192.168.1.5"), "not a domain name"),
        (("nas.lan", "CNAME", "two words"), "not a domain name"),
        (("nas.lan", "CNAME", "192.168.1.9"), "'192.168.1.9' is an address, where a name is wanted"),
        (("192.168.1.9", "A", "192.168.1.9"), "'192.168.1.9' is an address, where a name is wanted"),
        (("192.168.1.9", "PTR", "192.168.1.9"), "'192.168.1.9' is an address, where a name is wanted"),
        (("192.168.1.5", "PTR", "*.lan"), "not a domain name"),
        (("nas.lan", "TXT", '"open'), "a quote is not closed"),
        (("_x._tcp.lan", "SRV", "0 5 printer.lan"), "4 words are wanted"),
        (("_x._tcp.lan", "SRV", "0 5 99999 printer.lan"), "no number of 16 bits"),
    ],
)
def test_a_wrong_value_is_never_made(given: tuple[str, str, str], words: str) -> None:
    """What exists is right."""
    with pytest.raises(ValueError, match=words.replace("*", r"\*")):
        record(*given)


@pytest.mark.parametrize("said", [{"value": ""}, {"value": "x" * 1001}, {"ttl_s": -1}, {"ttl_s": 86401}])
def test_bounds(said: dict[str, object]) -> None:
    """Neither an empty nor an endless value, nor a time to live of weeks."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "nas.lan", "type": "TXT", "value": "x"} | said, Record)


def test_what_is_left_to_the_internet() -> None:
    """A type by its own name, a name by an alias to itself."""
    left = [
        record("a.example", "A", "A"), record("a.example", "CNAME", "a.example"), record("*.x", "CNAME", "*.x")
    ]  # fmt: skip
    assert all(one.is_left for one in left)
    assert not record("a.example", "CNAME", "b.example").is_left
    assert not record("*.a.example", "CNAME", "a.example").is_left


@pytest.mark.parametrize(
    ("records", "place", "words"),
    [
        ([("a.lan", "A", "10.0.0.1")] * 2, ("records", 1), "a.lan A 10.0.0.1 stands here twice"),
        ([("a.lan", "A", "10.0.0.1", 9), ("a.lan", "A", "10.0.0.1")], ("records", 1), "stands here twice"),
        (
            [("a.lan", "CNAME", "b.lan"), ("a.lan", "TXT", "x")], ("records", 0, "name"),
            "a.lan is another name for something: it has no other records",
        ),
        ([("a.lan", "CNAME", "b.lan"), ("b.lan", "CNAME", "a.lan")], ("records", 0, "value"), "a.lan leads round in"),
        ([("x.y", "CNAME", "c.d"), ("c.d", "CNAME", "a.y"), ("*.y", "CNAME", "c.d")], ("records", 0, "value"),
         "x.y leads round in a circle"),
        ([("b.lan", "A", "10.0.0.1"), ("x.b", "CNAME", "c.d"), ("c.d", "CNAME", "a.y.b"), ("*.y.b", "CNAME", "c.d")],
         ("records", 1, "value"), "x.b leads round in a circle"),
        ([("kindgate.home", "A", "10.0.0.1")], ("records", 0, "name"), "kindgate.home is this box itself"),
        ([("a.kindgate.home", "A", "10.0.0.1")], ("records", 0, "name"), "a.kindgate.home is this box itself"),
        ([("a.lan", "CNAME", "kindgate.home")], ("records", 0, "value"), "kindgate.home is this box itself"),
        ([("www.help.example", "A", "10.0.0.1")], ("records", 0, "name"), "help.example is protected"),
        ([("*.help.example", "A", "10.0.0.1")], ("records", 0, "name"), "help.example is protected"),
        ([("*.com", "A", "10.0.0.1")], ("records", 0, "name"), "*.com would be every site that ends in it"),
    ],
)  # fmt: skip
def test_what_only_the_whole_shows(
    records: list[tuple[str, str, str]], place: tuple[str | int, ...], words: str
) -> None:
    """Twins, an alias with more, a circle, names that are not for the taking: with their places."""
    found = wrong(*(record(*one) for one in records))
    assert found
    assert found[0][0] == place
    assert words in found[0][1]


@pytest.mark.parametrize(
    "records",
    [
        [("a.lan", "A", "10.0.0.1"), ("a.lan", "A", "10.0.0.2"), ("a.lan", "AAAA", "fd00::1"), ("a.lan", "TXT", "x")],
        [("a.lan", "CNAME", "b.lan"), ("b.lan", "CNAME", "c.example")],
        [("a.example", "CNAME", "a.example")],
        [("*.a.example", "CNAME", "b.a.example")],
        [("*.a.example", "CNAME", "x.example"), ("x.example", "CNAME", "x.example")],
        [("*.lan", "A", "10.0.0.1"), ("*.internal", "A", "10.0.0.1")],
        [("single", "A", "10.0.0.1")],
    ],
)  # fmt: skip
def test_what_may_be(records: list[tuple[str, str, str]]) -> None:
    """Several of a name, chains, exceptions, whole endings of the home."""
    assert wrong(*(record(*one) for one in records)) == []


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("com", "com is no ending for a home"),
        ("local", "local is no ending for a home"),
        ("kindgate.home", "this box itself"),
        ("a.help.example", "help.example is protected"),
        ("house.example.org", ""),
        *((one, "") for one in sorted(HOME_TOPS)),
    ],
)
def test_the_domain_of_a_home(domain: str, words: str) -> None:
    """One that the internet doesn't have, or one of its own."""
    found = wrong(domain=domain)
    assert [place for place, _ in found] == ([("local_domain",)] if words else [])
    assert all(words in said for _, said in found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.b.c", "a.b.c"), ("x.b.c", "*.b.c"), ("y.x.b.c", "*.b.c"), ("b.c", "*.c"), ("x.c", "*.c"), ("c", None),
        ("x.d", None),
    ],
)  # fmt: skip
def test_the_most_specific_name_says_it(name: str, expected: str | None) -> None:
    """Itself before what stands for many, the longer of these before the shorter; none stands for its own base."""
    assert covering(name, {"a.b.c", "*.b.c", "*.c"}) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("nas.lan", " 192.168.1.5", "A"), ("nas.lan", "fd00::5", "AAAA"), ("nas.lan", "other.lan", "CNAME"),
        (" 192.168.1.5", "nas.lan", "PTR"), ("fd00::5", "nas.lan", "PTR"), ("nas.lan", "a", "A"),
        ("nas.lan", "AAAA ", "AAAA"), ("nas.lan", "cname", "CNAME"), ("nas.lan", "", "CNAME"),
    ],
)  # fmt: skip
def test_a_type_by_looking(name: str, value: str, expected: str) -> None:
    """Addresses and names tell what they are."""
    assert guess(name, value).value == expected
