"""The catalogue: services and engines as their files write them, every fault with its line."""

import pytest

from appliance.core import rulebook
from appliance.core.catalogue import Engine, Service
from appliance.core.domainset import DomainSet, Entry, build
from appliance.core.person import Level
from appliance.core.rulebook import Rulebook, RulebookError
from tests.core.builders import BANDS, TEXTS

SERVICES = """\
version: 1
shared: [many.example]
groups:
  film: Films
services:
  - id: tube
    name: Tube
    group: film
    category: video_sharing
    domains:
      - tube.example
      - host.many.example
    label: tube
    never_block:
      - login.tube.example
      - log.tube.de
    warning: Lessons stop too.
    dns_only: false
    adguard: tubes
  - {id: chat, name: Chat, group: film, category: forum, domains: [chat.example]}
"""
ENGINES = """\
version: 1
engines:
  - id: seek
    name: Seek
    category: search_safe
    hosts: [seek.example]
    stems: [seek, www.seek]
    endings: [de, co.uk]
    targets:
      strict: safe.seek.example
    default: {0-5: strict, 6-9: strict}
    cost: Less is found.
  - {id: wild, name: Wild, category: forum, hosts: [wild.example]}
"""


def parsed(services: str = SERVICES, engines: str = ENGINES) -> Rulebook:
    """Return the small rulebook with these two files."""
    return rulebook.parse(TEXTS | {"services.yaml": services, "safesearch.yaml": engines})


def faults(services: str = SERVICES, engines: str = ENGINES) -> list[str]:
    """Return what is wrong with these two files."""
    with pytest.raises(RulebookError) as caught:
        parsed(services, engines)
    return str(caught.value).splitlines()


def test_a_service_is_as_it_is_written() -> None:
    """What isn't said is empty."""
    found = parsed()
    assert found.groups == {"film": "Films"}
    assert found.services == {
        "tube": Service(
            id="tube",
            name="Tube",
            group="film",
            category="video_sharing",
            domains=("tube.example", "host.many.example"),
            label="tube",
            never_block=("login.tube.example", "log.tube.de"),
            warning="Lessons stop too.",
            dns_only=False,
            adguard="tubes",
        ),
        "chat": Service(id="chat", name="Chat", group="film", category="forum", domains=("chat.example",)),
    }


def test_every_name_of_a_service_bears_its_tag_and_its_category() -> None:
    """And what others need bears neither."""
    names = DomainSet(build(parsed().entries))
    both = {"#service:tube", "video_sharing"}
    told = {
        "tube.example": both,
        "www.tube.example": both,
        "host.many.example": both,
        "many.example": set(),
        "tube.de": both,
        "m.tube.co.uk": both,
        "login.tube.example": set(),
        "log.tube.de": set(),
        "a.log.tube.de": set(),
        "log.tube.fr": both,
        "chat.example": {"#service:chat", "forum"},
    }
    assert {name: set(names.tags(name)) for name in told} == told


def test_an_entry_of_a_list_gives_way_to_the_same_of_a_service() -> None:
    """None stands twice: neither as it is nor as one for the name alone."""
    texts = TEXTS | {
        "services.yaml": SERVICES,
        "lists/video_sharing.txt": "host.many.example\n=tube.example\n=a.example",
    }
    entries = rulebook.parse(texts).entries
    found = [entry for entry in entries if entry.tag == "video_sharing" and not (entry.is_not or entry.is_label)]
    assert sorted(found, key=lambda entry: entry.name) == [
        Entry("a.example", "video_sharing", is_exact=True),
        Entry("host.many.example", "video_sharing"),
        Entry("tube.example", "video_sharing"),
    ]


def test_an_engine_has_every_host_in_full() -> None:
    """Those written so first, then each stem before each ending."""
    hosts = ("seek.example", "seek.de", "www.seek.de", "seek.co.uk", "www.seek.co.uk")
    assert parsed().engines == {
        "seek": Engine(
            id="seek",
            name="Seek",
            category="search_safe",
            hosts=hosts,
            targets={Level.STRICT: "safe.seek.example"},
            default={"0-5": Level.STRICT, "6-9": Level.STRICT},
            cost="Less is found.",
        ),
        "wild": Engine(id="wild", name="Wild", category="forum", hosts=("wild.example",)),
    }


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({}, (Level.OFF, Level.BLOCK)),
        ({Level.STRICT: "s.example"}, (Level.OFF, Level.STRICT, Level.BLOCK)),
        (
            {Level.STRICT: "s.example", Level.MODERATE: "m.example"},
            (Level.OFF, Level.MODERATE, Level.STRICT, Level.BLOCK),
        ),
    ],
)
def test_levels_go_from_open_to_closed(targets: dict[Level, str], expected: tuple[Level, ...]) -> None:
    """Off and block always, between them those with a target."""
    assert expected == Engine(id="e", name="E", category="c", hosts=("e.example",), targets=targets).levels


def test_what_a_house_may_use_is_known() -> None:
    """Services with their categories, groups, engines with their levels."""
    known = parsed().known
    assert dict(known.services) == {"tube": "video_sharing", "chat": "forum"}
    assert set(known.groups) == {"film"}
    assert dict(known.engines) == {
        "seek": (Level.OFF, Level.STRICT, Level.BLOCK),
        "wild": (Level.OFF, Level.BLOCK),
    }
    assert known.categories == parsed().categories.keys()


SERVICE_FAULTS = [
    ("id: chat", "id: tube", "line 6: tube: stands here more than once"),
    ("id: chat", "id: tube", "line 20: tube: stands here more than once"),
    ("group: film\n", "group: flim\n", "line 8: tube: flim: no such group"),
    ("category: video_sharing", "category: video", "line 9: tube: video: no such category"),
    ("category: forum", "category: ed_promotion", "line 20: chat: names of ed_promotion have no place here"),
    ("category: forum", "category: mental_health", "line 20: chat: names of mental_health have no place here"),
    ("[chat.example]", "[]", "line 20: chat: no names"),
    ("[chat.example]", "[Chat.example]", "line 20: Chat.example is written chat.example"),
    ("[chat.example]", "['chat example']", "line 20: 'chat example' is not a domain name"),
    ("[chat.example]", "[com]", "line 20: chat: com belongs to many"),
    ("[chat.example]", "[co.uk]", "line 20: chat: co.uk belongs to many"),
    ("[chat.example]", "[many.example]", "line 20: chat: many.example belongs to many"),
    ("[chat.example]", "[example]", "line 20: chat: example belongs to many"),
    ("[chat.example]", "[chat.example, a.chat.example]", "line 20: chat: a.chat.example is said already"),
    ("[chat.example]", "[chat.example, chat.example]", "line 20: chat: chat.example is said already"),
    ("- host.many.example", "- help.example", "line 12: tube: reaches help.example, which must stay open"),
    ("- host.many.example", "- time.example", "line 12: tube: reaches time.example, which must stay open"),
    ("- host.many.example", "- patch.example", "line 12: tube: reaches patch.example, which must stay open"),
    ("label: tube", "label: two.parts", "line 13: tube: two.parts: one label"),
    ("label: tube", "label: com", "line 13: tube: com: one label"),
    ("label: tube", "label: Tube", "line 13: Tube is written tube"),
    ("label: tube", "label: t b", "line 13: 't b' is not a domain name"),
    ("- login.tube.example", "- login.chat.example", "line 15: tube: login.chat.example is below none of its names"),
    ("- login.tube.example", "- tube.example", "line 15: tube: tube.example is below none of its names"),
    ("- login.tube.example", "- b.log.tube.de", "line 15: tube: b.log.tube.de is said already"),
    ("- login.tube.example", "- a b", "line 15: 'a b' is not a domain name"),
    ("[chat.example]}", "[chat.example], never_block: [plex.direct]}", "line 20: chat: plex.direct is below none"),
    ("shared: [many.example]", "shared: [a b]", "line 2: 'a b' is not a domain name"),
    ("shared: [many.example]\n", "", "line 1: object missing required field `shared`"),
    ("dns_only: false", "dns_only: perhaps", "line 18: services.#1.dns_only: expected `bool`"),
    ("adguard: tubes", "adgaurd: tubes", "line 19: services.#1.adgaurd: unknown key 'adgaurd'"),
]


@pytest.mark.parametrize(("old", "new", "expected"), SERVICE_FAULTS)
def test_a_fault_of_services_names_its_line(old: str, new: str, expected: str) -> None:
    """So that whoever mends it finds it."""
    assert old in SERVICES
    assert any(line.startswith(f"services.yaml: {expected}") for line in faults(SERVICES.replace(old, new, 1)))


def test_a_label_that_reaches_what_must_stay_open_is_told() -> None:
    """On the line of the label; what never_block excludes is not reached."""
    texts = TEXTS | {"infrastructure.yaml": TEXTS["infrastructure.yaml"].replace("time.example", "time.tube.de")}
    with pytest.raises(RulebookError, match=r"^services.yaml: line 13: tube: reaches time\.tube\.de, which must stay"):
        rulebook.parse(texts | {"services.yaml": SERVICES})
    excluded = SERVICES.replace("- log.tube.de", "- time.tube.de")
    assert "time.tube.de" in rulebook.parse(texts | {"services.yaml": excluded}).services["tube"].never_block


ENGINE_FAULTS = [
    ("id: wild", "id: seek", "line 3: seek: stands here more than once"),
    ("id: wild", "id: seek", "line 13: seek: stands here more than once"),
    ("category: search_safe", "category: search", "line 5: seek: search: no such category"),
    ("hosts: [wild.example]", "hosts: []", "line 13: wild: wants hosts, or stems and endings together"),
    ("hosts: [wild.example]", "hosts: [a.example], stems: [a]", "line 13: wild: wants hosts, or stems and endings"),
    ("hosts: [wild.example]", "hosts: [a.example], endings: [de]", "line 13: wild: wants hosts, or stems and endings"),
    ("hosts: [seek.example]", "hosts: [A.example]", "line 6: A.example is written a.example"),
    ("stems: [seek, ", "stems: [s k, ", "line 7: 's k' is not a domain name"),
    ("endings: [de, ", "endings: ['', ", "line 8: '' is not a domain name"),
    ("hosts: [wild.example]", "hosts: [www.seek.de]", "line 13: wild: www.seek.de stands here more than once"),
    ("strict: safe.seek.example", "off: safe.seek.example", "line 10: seek: off has no target"),
    ("strict: safe.seek.example", "block: safe.seek.example", "line 10: seek: block has no target"),
    ("strict: safe.seek.example", "strict: wild.example", "line 10: seek: wild.example would itself be answered"),
    ("strict: safe.seek.example", "strict: seek.de", "line 10: seek: seek.de would itself be answered"),
    ("strict: safe.seek.example", "strict: a b", "line 10: 'a b' is not a domain name"),
    ("default: {0-5: strict", "default: {4-5: strict", "line 11: seek: 4-5: no such band"),
    ("default: {0-5: strict", "default: {0-5: moderate", "line 11: seek: moderate: it has no such level"),
    ("default: {0-5: strict", "default: {0-5: loose", "line 11: engines.#1.default"),
    ("cost: Less", "price: Less", "line 12: engines.#1.price: unknown key 'price'"),
]


@pytest.mark.parametrize(("old", "new", "expected"), ENGINE_FAULTS)
def test_a_fault_of_engines_names_its_line(old: str, new: str, expected: str) -> None:
    """So that whoever mends it finds it."""
    assert old in ENGINES
    assert any(line.startswith(f"safesearch.yaml: {expected}") for line in faults(engines=ENGINES.replace(old, new, 1)))


def test_an_engine_without_targets_may_be_closed_by_a_band() -> None:
    """Block is a level of every engine."""
    text = ENGINES.replace("hosts: [wild.example]", "hosts: [wild.example], default: {0-5: block}")
    assert parsed(engines=text).engines["wild"].default == {BANDS[0]: Level.BLOCK}
