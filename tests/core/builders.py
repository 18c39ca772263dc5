"""A small rulebook, small houses and DNS messages to prove things on."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from appliance.core import domainset, policy, rulebook
from appliance.core.answers import Answers
from appliance.core.budget import NOT_COUNTED, Minutes, Used
from appliance.core.device import Device, DeviceKind
from appliance.core.domainset import DomainSet, Entry
from appliance.core.guesses import Label
from appliance.core.house import House
from appliance.core.lists.listset import ListSet
from appliance.core.local import Local
from appliance.core.person import Do, Person, PersonKind, Rule
from appliance.core.policy import Policy
from appliance.core.query import Setting
from appliance.core.rulebook import Rulebook
from appliance.core.schedule import Window
from appliance.core.subject import Subject
from appliance.core.verdict import Reason, Verdict
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Message, Query
from appliance.core.word import Grant, Lifted, Pause

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=BERLIN)
"""A Wednesday afternoon."""
AT = NOW.timestamp()
TODAY = NOW.date()

BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")

_LETTERS = {
    "malware_phishing": "H H H H H",
    "csam": "H H H H H",
    "adult_cams": "H H H B B",
    "pornography": "H H H B B",
    "ed_promotion": "H H H B B",
    "mental_health": "P P P P P",
    "drugs_help": "A P P P P",
    "education": "A A A A A",
    "search_safe": "S S S S A",
    "video_sharing": "B S+T S+T S+T A",
    "browser_games": "T T T A A",
    "social_media": "B B B T T",
    "forum": "B K K T A",
    "trackers_ads": "B B B B B",
    "bypass_dns": "B B B B B",
    "bypass_relay": "B B B B B",
    "bypass_vpn": "B B B B K",
    "unclassified": "B A A A A",
}

CATEGORIES_YAML = "version: 1\ncategories:\n" + "".join(
    f"- {{id: {id_}, name: {id_}, risk: content, group: test{', hashed: true' if id_ == 'ed_promotion' else ''}}}\n"
    for id_ in _LETTERS
)
BANDS_YAML = (
    "version: 1\nbands: [0-5, 6-9, 10-12, 13-15, 16-17]\nactions:\n"
    + "".join(
        f"  {id_}: {{{', '.join(f'{band}: {letter}' for band, letter in zip(BANDS, row.split(), strict=True))}}}\n"
        for id_, row in _LETTERS.items()
    )
    + "adult: {malware_phishing: H, csam: H}\n"
    + "unknown: {malware_phishing: H, csam: H, pornography: B, mental_health: P, bypass_vpn: B}\n"
)
PROTECTED_YAML = """\
version: 1
help:
- {name: Line, country: DE, names: [help.example, =exacthelp.example], grade: high}
carriers: [carrier.example]
information:
  mental_health: [mind.example, -shop.mind.example]
  drugs_help: [talk.example]
"""
INFRASTRUCTURE_YAML = """\
version: 1
clock: [time.example]
connectivity: [check.example]
appliance: [kindgate.example]
updates:
  console: [patch.example]
  tv: [tvpatch.example]
  system: [system.example]
home: [box.example]
"""
BYPASS_YAML = """\
version: 1
routes:
- {id: doh, category: bypass_dns, why: Another resolver, names: [doh.example]}
- {id: canary, category: bypass_dns, why: Asks first, names: [canary.example], answer: nxdomain}
- {id: relay, category: bypass_relay, why: A relay, names: [relay.example], answer: nodata}
- {id: vpn, category: bypass_vpn, why: A tunnel, names: [vpn.example]}
"""
SERVICES_YAML = """\
version: 1
shared: []
groups: {video: Video, talk: Talking, ways: Ways around, none: Nothing yet}
services:
- {id: tube, name: Tube, group: video, category: video_sharing, domains: [tube.example]}
- {id: clips, name: Clips, group: video, category: video_sharing, domains: [clips.example]}
- {id: chat, name: Chat, group: talk, category: social_media, domains: [chat.example], never_block: [id.chat.example]}
- {id: gossip, name: Gossip, group: talk, category: social_media, domains: [gossip.example, cdn.chat.example]}
- {id: tunnel, name: Tunnel, group: ways, category: bypass_vpn, domains: [tunnel.example]}
"""
ENGINES_YAML = """\
version: 1
engines:
- id: seek
  name: Seek
  category: search_safe
  hosts: [www.search.example]
  targets: {strict: safe.search.example}
  default: {0-5: strict, 6-9: strict, 10-12: strict, 13-15: strict}
- id: film
  name: Film
  category: video_sharing
  hosts: [www.video.example]
  targets: {moderate: moderate.video.example, strict: safe.video.example}
  default: {0-5: strict, 6-9: strict, 10-12: moderate, 13-15: moderate}
- id: soft
  name: Soft
  category: search_safe
  hosts: [www.soft.example]
  targets: {moderate: moderate.soft.example}
- {id: wild, name: Wild, category: forum, hosts: [www.wild.example], default: {0-5: block}}
"""
LISTS = {
    "malware_phishing": "malware.example",
    "csam": "csam.example",
    "adult_cams": "cams.example",
    "pornography": "# the worst first\n\nporn.example",
    "ed_promotion": "hashed.example",
    "education": "school.example",
    "search_safe": "search.example",
    "video_sharing": "video.example",
    "browser_games": "games.example",
    "social_media": "social.example",
    "forum": "forum.example",
    "trackers_ads": "tracker.example",
}
TEXTS = {
    "categories.yaml": CATEGORIES_YAML,
    "bands.yaml": BANDS_YAML,
    "protected.yaml": PROTECTED_YAML,
    "infrastructure.yaml": INFRASTRUCTURE_YAML,
    "bypass.yaml": BYPASS_YAML,
    "services.yaml": SERVICES_YAML,
    "safesearch.yaml": ENGINES_YAML,
} | {f"lists/{category}.txt": text for category, text in LISTS.items()}

SHARED = "cdn.chat.example"
"""A name of two services, `chat` and `gossip`."""
RULES: Rulebook = rulebook.parse(TEXTS)
BUNDLED = DomainSet(domainset.build(RULES.entries))

NIGHT = Window(name="Bedtime", start="20:00", end="07:00")
AFTERNOON = Window(name="Homework", start="14:00", end="16:00")
"""Open at `AT`, until an hour later."""


def child(band: str = "6-9", **said: Any) -> Person:
    """Return a child of a band."""
    return Person(id="kim", name="Kim", band=band, **said)


def adult(**said: Any) -> Person:
    """Return an adult."""
    return Person(id="alex", name="Alex", kind=PersonKind.ADULT, **said)


def device(kind: DeviceKind = DeviceKind.PHONE, person: str | None = "kim", **said: Any) -> Device:
    """Return the one device of a house."""
    return Device(id="thing", macs=("02:00:00:00:00:01",), person=person, kind=kind, **said)


def minutes_from_now(minutes: float) -> datetime:
    """Return a moment so many minutes after `AT` (or before)."""
    return datetime.fromtimestamp(AT, UTC) + timedelta(minutes=minutes)


def pause(said: float = -10, until: float = 30, **of: str) -> Pause:
    """Return a pause, its times in minutes from `AT`."""
    return Pause(said_at=minutes_from_now(said), until=minutes_from_now(until), **of)


def grant(said: float = -5, until: float = 20, person: str = "kim", **what: Any) -> Grant:
    """Return a grant, its times in minutes from `AT`."""
    return Grant(person=person, said_at=minutes_from_now(said), until=minutes_from_now(until), **what)


def lifted(said: float = -30, begins: float | None = None, until: float | None = None, **of: Any) -> Lifted:
    """Return what two lifted (by default the child's pornography), its times in minutes from `AT`."""
    what = {"person": "kim", "category": "pornography"} if "name" not in of else {}
    return Lifted(
        said_at=minutes_from_now(said),
        begins=minutes_from_now(said if begins is None else begins),
        until=None if until is None else minutes_from_now(until),
        by=of.pop("by", ("Dana", "Robin")),
        **what | of,
    )


def counted(behind: float = 0, *, day: date = TODAY, person: str = "kim", **used: int | Used) -> Minutes:
    """Return what was counted, up to some minutes ago: `everything`, or ``service_tube`` for ``service:tube``."""
    found = {
        what.replace("_", ":", 1): one if isinstance(one, Used) else Used(day=one, week=one)
        for what, one in used.items()
    }
    return Minutes(AT - 60 * behind, day, {person: found})


def policy_of(
    house: House | None,
    extra: Iterable[Entry] = (),
    minutes: Minutes = NOT_COUNTED,
    lists: ListSet | None = None,
) -> Policy:
    """Return the policy of a house with the small rulebook, some more entries and the lists that are here."""
    sets = (BUNDLED, DomainSet(domainset.build(extra)))
    return policy.compile(house, RULES, sets, BERLIN, minutes, lists)


def verdict_of(
    name: str,
    person: Person | None = None,
    *,
    on: DeviceKind | None = None,
    extra: Iterable[Entry] = (),
    label: Label | None = None,
    at: float = AT,
    bedtime: bool = False,
    minutes: Minutes = NOT_COUNTED,
    **said: Any,
) -> Verdict:
    """Return what happens to a name that a child of 6-9 (or another person) asks for, on a device of a kind."""
    who = person or child()
    devices = () if on is None else (device(on, who.id, bedtime=bedtime),)
    compiled = policy_of(House(persons=(who,), devices=devices, **said), extra, minutes)
    subject = compiled.by_person[who.id] if on is None else compiled.of_device("thing")
    return policy.decide(compiled, subject, name, label, at)


def told(verdict: Verdict) -> tuple[str, str, str]:
    """Return action, step and reason code of a verdict, as the tables of the tests write them."""
    return verdict.action.value, verdict.step.value, verdict.reason.code


def own(name: str, do: str, until: datetime | None = None) -> Rule:
    """Return a person's own rule."""
    return Rule(name=name, do=Do(do), until=until)


def message(
    name: str,
    qtype: str = "A",
    answers: Iterable[str] = (),
    *,
    authorities: Iterable[str] = (),
    rcode: int = 0,
    flags: int = 0,
    edit: Callable[[dns.message.Message], None] | None = None,
) -> Message:
    """Return an upstream's message made by dnspython; records are ``owner ttl type rdata``."""
    made = dns.message.make_response(dns.message.make_query(name, qtype, use_edns=0, payload=1232), True)
    made.flags |= dns.flags.Flag(flags)
    made.set_rcode(dns.rcode.Rcode(rcode))
    made.answer = [_rrset(text) for text in answers]
    made.authority = [_rrset(text) for text in authorities]
    if edit is not None:
        edit(made)
    return wire.parse_message(made.to_wire(origin=dns.name.root, max_size=65535))


def _rrset(text: str) -> dns.rrset.RRset:
    owner, ttl, rtype, rdata = text.split(None, 3)
    return dns.rrset.from_text(owner, int(ttl), "IN", rtype, rdata)


def query(name: str, qtype: str = "A", *, edns: bool = True, **options: Any) -> Query:
    """Return a client's query, made by dnspython and read by us."""
    made = dns.message.make_query(name, qtype, use_edns=0 if edns else None, payload=1232 if edns else None, **options)
    parsed = wire.parse_query(made.to_wire())
    assert isinstance(parsed, Query)
    return parsed


def setting_of(compiled: Policy, max_octets: int = 1 << 20) -> Setting:
    """Return what queries of a moment share, with an empty cache."""
    return Setting(compiled, Answers(max_octets), _say, local=Local.of(compiled.house))


def _say(reason: Reason) -> str:
    return f"because {reason.code}"


def subject_of(compiled: Policy) -> Subject:
    """Return the subject of the one person of a house."""
    return next(iter(compiled.by_person.values()))
