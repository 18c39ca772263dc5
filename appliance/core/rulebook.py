"""The bundled rules as values: categories, bands, protected names, infrastructure, bypass routes, lists, catalogue."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from appliance.core import names
from appliance.core.catalogue import Engine, Engines, Service, Services
from appliance.core.document import Document, DocumentError, Path
from appliance.core.domainset import Entry
from appliance.core.house import NEVER_LIFTED
from appliance.core.person import BANDS, Known
from appliance.core.verdict import Answer, Letter

T = TypeVar("T")

HELP = "#help"
INFRASTRUCTURE = "#infrastructure"
UPDATES = "#updates:"
AT_HOME = "#home"
ROUTE = "#route:"
"""Tags that are no categories begin with `#`; so does that of a service's names."""

MALWARE = "malware_phishing"
UNCLASSIFIED = "unclassified"
NEW = "unknown_new"
"""What nothing knows and the classifier found risky: no list has it."""
BYPASS = "bypass_"
HELP_REPORT = "help_report"
"""Its names stand as those of help lines in `protected.yaml`."""

_SERVICES = "services.yaml"
_ENGINES = "safesearch.yaml"


class RulebookError(ValueError):
    """The bundled rules can't be used: each line says the file, the line and what is wrong."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The manner of all values read from `rules/`."""


class Category(_Strict, frozen=True):
    """One of the kinds of names that a band has an action for."""

    id: str
    name: str
    risk: str
    group: str
    note: str = ""
    without_list: str = ""
    """Why no names are bundled, where there are none."""
    hashed: bool = False
    """Its names may only ship as keyed hashes, and a hit leaves no trace."""


class Helpline(_Strict, frozen=True):
    """A help or report line and the names that must always be reachable."""

    name: str
    country: str
    names: tuple[str, ...]
    grade: str


class Route(_Strict, frozen=True):
    """A way around the filter, and the names and addresses by which it is known."""

    id: str
    category: str
    why: str
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """Such as ``9.9.9.9`` and ``2606:4700:100::/48``."""
    answer: Answer | None = None
    shows: str | None = None
    """The sign that a connection there is, in `appliance.wording.SIGNS`."""
    is_sure: bool = False
    """Nothing else is there: people don't visit it."""


class Rulebook(_Strict, frozen=True):
    """All bundled rules."""

    categories: dict[str, Category]
    letters: dict[str, dict[str, Letter]]
    """Band, ``adult`` or ``unknown`` → category → letter; a category not there is A."""
    routes: dict[str, Route]
    information: frozenset[str]
    """The categories of the second protected tier."""
    entries: tuple[Entry, ...]
    """Every bundled name with its tag: a category, or one of the tags that begin with `#`."""
    services: dict[str, Service] = {}
    groups: dict[str, str] = {}
    """Group of services → its name for people."""
    engines: dict[str, Engine] = {}

    @property
    def known(self) -> Known:
        """Return the ids that a house may use."""
        return Known(
            categories=self.categories.keys(),
            services={id_: service.category for id_, service in self.services.items()},
            groups=self.groups.keys(),
            engines={id_: engine.levels for id_, engine in self.engines.items()},
            hard=self.hard,
            protected=self.protected,
            unfed=self.unfed,
            reserved=self.reserved,
        )

    @property
    def reserved(self) -> frozenset[str]:
        """The names that no house answers for by itself, with all below them."""
        kept = {HELP, INFRASTRUCTURE} | self.information
        return frozenset(one.name for one in self.entries if one.tag in kept and not (one.is_not or one.is_label))

    @property
    def hard(self) -> frozenset[tuple[str, str]]:
        """The pairs (category, band) that one caregiver can't lift alone."""
        return self._pairs(Letter.H)

    @property
    def unfed(self) -> frozenset[str]:
        """The categories that no subscribed list feeds.

        What is protected is the box's word: a list could open by it, without a trace. Of what is hashed nobody may hold
        a list, and unclassified is what no list knows.
        """
        hashed = {id_ for id_, one in self.categories.items() if one.hashed}
        return frozenset((HELP_REPORT, UNCLASSIFIED, NEVER_LIFTED)) | self.information | hashed

    @property
    def protected(self) -> frozenset[tuple[str, str]]:
        """The pairs (category, band) that no setting reaches."""
        return self._pairs(Letter.P)

    def _pairs(self, wanted: Letter) -> frozenset[tuple[str, str]]:
        return frozenset(
            (category, band)
            for band, letters in self.letters.items()
            for category, letter in letters.items()
            if letter is wanted
        )


class _Categories(_Strict, frozen=True):
    version: int
    categories: tuple[Category, ...]


class _Bands(_Strict, frozen=True):
    version: int
    bands: tuple[str, ...]
    actions: dict[str, dict[str, Letter]]
    adult: dict[str, Letter]
    unknown: dict[str, Letter]


class _Protected(_Strict, frozen=True):
    version: int
    help: tuple[Helpline, ...]
    carriers: tuple[str, ...]
    information: dict[str, tuple[str, ...]]


class _Infrastructure(_Strict, frozen=True):
    version: int
    clock: tuple[str, ...]
    connectivity: tuple[str, ...]
    appliance: tuple[str, ...]
    home: tuple[str, ...]
    updates: dict[str, tuple[str, ...]]


class _Bypass(_Strict, frozen=True):
    version: int
    routes: tuple[Route, ...]


def parse(texts: Mapping[str, str]) -> Rulebook:
    """Return the rulebook of `rules/`: file name (``categories.yaml``, ``lists/music.txt``) → text.

    Raises RulebookError that names every file and line at fault.
    """
    wrong: list[str] = []
    documents: dict[str, Document] = {}
    categories = _read(texts, "categories.yaml", _Categories, documents, wrong)
    bands = _read(texts, "bands.yaml", _Bands, documents, wrong)
    protected = _read(texts, "protected.yaml", _Protected, documents, wrong)
    infrastructure = _read(texts, "infrastructure.yaml", _Infrastructure, documents, wrong)
    bypass = _read(texts, "bypass.yaml", _Bypass, documents, wrong)
    services = _read(texts, _SERVICES, Services, documents, wrong)
    engines = _read(texts, _ENGINES, Engines, documents, wrong)
    if not (categories and bands and protected and infrastructure and bypass and services and engines):
        raise RulebookError("\n".join(wrong))
    known = {category.id: category for category in categories.categories}
    entries: list[Entry] = []
    for file, tag, path, words in _tagged(protected, infrastructure, bypass):
        lines = [documents[file].line((*path, index)) for index in range(len(words))]
        entries += _entries(file, tag, zip(lines, words, strict=True), wrong)
    for file, text in texts.items():
        if file.startswith("lists/"):
            numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
            lined = ((number, line) for number, line in numbered if line and line[0] != "#")
            entries += _entries(file, file[6:].removesuffix(".txt"), lined, wrong)
    wrong += _bad_addresses(bypass, documents["bypass.yaml"])
    wrong += _unknown_categories(known, bands, entries)
    elsewhere = {HELP_REPORT, *protected.information}
    withheld = {category.id for category in categories.categories if category.hashed} | elsewhere
    for file, problems in (
        (_SERVICES, services.problems(known.keys(), withheld, _guarded(entries))),
        (_ENGINES, engines.problems(known.keys())),
    ):
        wrong += [f"{file}: line {documents[file].line(path)}: {said}" for path, said in problems]
    if wrong:
        raise RulebookError("\n".join(wrong))
    letters = {band: {category: by_band[band] for category, by_band in bands.actions.items()} for band in BANDS}
    return Rulebook(
        categories=known,
        letters=letters | {"adult": bands.adult, "unknown": bands.unknown},
        routes={route.id: route for route in bypass.routes},
        information=frozenset(protected.information),
        entries=_once(entries, (entry for service in services.services for entry in service.entries)),
        services=services.by_id,
        groups=services.groups,
        engines=engines.by_id,
    )


def _read(
    texts: Mapping[str, str], file: str, kind: type[T], documents: dict[str, Document], wrong: list[str]
) -> T | None:
    if file not in texts:
        wrong.append(f"{file}: missing")
        return None
    try:
        documents[file] = Document(texts[file])
        return documents[file].to(kind)
    except DocumentError as error:
        wrong += [f"{file}: line {line}: {text}" for line, text in error.problems]
        return None


def _tagged(
    protected: _Protected, infrastructure: _Infrastructure, bypass: _Bypass
) -> Iterator[tuple[str, str, Path, tuple[str, ...]]]:
    """Yield file, tag, the place in the file, and the entries there that bear the tag."""
    for number, line in enumerate(protected.help):
        yield "protected.yaml", HELP, ("help", number, "names"), line.names
    yield "protected.yaml", HELP, ("carriers",), protected.carriers
    for category, words in protected.information.items():
        yield "protected.yaml", category, ("information", category), words
    for field in ("clock", "connectivity", "appliance"):
        yield "infrastructure.yaml", INFRASTRUCTURE, (field,), getattr(infrastructure, field)
    yield "infrastructure.yaml", AT_HOME, ("home",), infrastructure.home
    for kind, words in infrastructure.updates.items():
        yield "infrastructure.yaml", UPDATES + kind, ("updates", kind), words
    for number, route in enumerate(bypass.routes):
        yield "bypass.yaml", route.category, ("routes", number, "names"), route.names
        yield "bypass.yaml", ROUTE + route.id, ("routes", number, "names"), route.names


def _bad_addresses(bypass: _Bypass, document: Document) -> Iterator[str]:
    """Yield what is wrong with the addresses of routes."""
    for number, route in enumerate(bypass.routes):
        for index, word in enumerate(route.addresses):
            try:
                ip_network(word)
            except ValueError as error:
                yield f"bypass.yaml: line {document.line(('routes', number, 'addresses', index))}: {error}"


def _entries(file: str, tag: str, words: Iterable[tuple[int, str]], wrong: list[str]) -> list[Entry]:
    """Return the entries of ``example.com``, ``=exact.example.com`` and ``-not.example.com``, each with its line."""
    found = []
    for number, word in words:
        try:
            name = names.normalise(word.lstrip("=-"))
        except names.BadName as error:
            wrong.append(f"{file}: line {number}: {error}")
        else:
            found.append(Entry(name, tag, is_exact=word.startswith("="), is_not=word.startswith("-")))
    return found


def _guarded(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the names that no switch of a service may reach: help lines, and what devices need."""
    for entry in entries:
        if not entry.is_not and (entry.tag in (HELP, INFRASTRUCTURE) or entry.tag.startswith(UPDATES)):
            yield entry.name


def _once(entries: Iterable[Entry], of_services: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return all entries, none twice; a list's for a name alone gives way to a service's for all below it too."""
    added = dict.fromkeys(of_services)
    kept = (entry for entry in entries if not (entry.is_exact and replace(entry, is_exact=False) in added))
    return tuple(dict.fromkeys((*kept, *added)))


def _unknown_categories(known: Mapping[str, Category], bands: _Bands, entries: list[Entry]) -> list[str]:
    wrong = [f"bands.yaml: bands are {', '.join(BANDS)}"] if bands.bands != BANDS else []
    wrong += [f"bands.yaml: {id_}: no such category" for id_ in bands.actions.keys() - known.keys()]
    wrong += [f"bands.yaml: {id_}: no letters" for id_ in known.keys() - bands.actions.keys()]
    wrong += [
        f"bands.yaml: {id_}: wants exactly the bands {', '.join(BANDS)}"
        for id_, by_band in bands.actions.items()
        if tuple(by_band) != BANDS
    ]
    for row, letters in (("adult", bands.adult), ("unknown", bands.unknown)):
        wrong += [f"bands.yaml: {row}: {id_}: no such category" for id_ in letters.keys() - known.keys()]
    tags = {entry.tag for entry in entries if not entry.tag.startswith("#")}
    wrong += [f"{tag}: names of a category that does not exist" for tag in sorted(tags - known.keys())]
    return wrong
