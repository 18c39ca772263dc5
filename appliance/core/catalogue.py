"""What a family speaks of by name, read from `rules/`: services, and search engines with their safe modes."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from appliance.core import domainset, names
from appliance.core.document import Path
from appliance.core.domainset import DomainSet, Entry
from appliance.core.person import BANDS, Level

SERVICE_TAG = "#service:"
"""Begins the tag of a service's names; its id follows."""

_UNSAFE = (Level.OFF, Level.BLOCK)


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The manner of all values read from `rules/`."""


class Service(_Strict, frozen=True):
    """An app or a site that a family speaks of by its name, and the names by which it is known."""

    id: str
    name: str
    group: str
    category: str
    domains: tuple[str, ...]
    label: str | None = None
    """Also the names with this label right under a country's suffix: ``amazon`` → amazon.de, amazon.co.uk."""
    never_block: tuple[str, ...] = ()
    """Names below `domains` that others need too, or that are another kind of thing: no switch of this service reaches
    them."""
    warning: str = ""
    """What else stops when it is blocked, in words for a caregiver."""
    dns_only: bool = True
    """False: names alone don't stop it, because it knows addresses or has other ways."""
    adguard: str | None = None
    """Its id in AdGuard Home, where that has the same service."""

    @property
    def entries(self) -> Iterator[Entry]:
        """Its names, each with the service's tag and with its category."""
        for tag in (SERVICE_TAG + self.id, self.category):
            for name in self.domains:
                yield Entry(name, tag)
            for name in self.never_block:
                yield Entry(name, tag, is_not=True)
            if self.label is not None:
                yield Entry(self.label, tag, is_label=True)


class Engine(_Strict, frozen=True):
    """A search engine or video site with a mode that a network can enforce by its answer to the site's name."""

    id: str
    name: str
    category: str
    hosts: tuple[str, ...]
    """Exact names: what is below them is something else (mail, maps)."""
    targets: dict[Level, str] = {}
    """The name whose addresses answer, for each level but off and block; no target: it can only be blocked."""
    default: dict[str, Level] = {}
    """Band → level; off where none is said."""
    cost: str = ""
    """What the mode costs the child, in words for a caregiver."""

    @property
    def levels(self) -> tuple[Level, ...]:
        """Return what it can be set to, from the most open to the most closed."""
        return tuple(level for level in Level if level in _UNSAFE or level in self.targets)


class Services(_Strict, frozen=True):
    """All of `services.yaml`."""

    version: int
    shared: tuple[str, ...]
    """Names that belong to many: a service may have hosts below them and never them, nor anything above them."""
    groups: dict[str, str]
    services: tuple[Service, ...]

    @property
    def by_id(self) -> dict[str, Service]:
        """The services by their ids."""
        return {service.id: service for service in self.services}

    def problems(
        self, categories: Collection[str], withheld: Collection[str], guarded: Iterable[str]
    ) -> Iterator[tuple[Path, str]]:
        """Yield what is wrong, each with its place in the file.

        `withheld` are the categories whose names stand elsewhere or nowhere in clear; `guarded` the names of help lines
        and of what devices need.
        """
        yield from self._bad_names()
        ids = Counter(service.id for service in self.services)
        shared = {above for name in self.shared for above in names.parents(name)}
        for number, service in enumerate(self.services):
            place: Path = ("services", number)
            if ids[service.id] > 1:
                yield (*place, "id"), f"{service.id}: stands here more than once"
            if service.group not in self.groups:
                yield (*place, "group"), f"{service.id}: {service.group}: no such group"
            if service.category not in categories:
                yield (*place, "category"), f"{service.id}: {service.category}: no such category"
            if service.category in withheld:
                yield (*place, "category"), f"{service.id}: names of {service.category} have no place here"
            if not service.domains:
                yield place, f"{service.id}: no names"
            if service.label is not None and ("." in service.label or service.label in domainset.SECOND_LEVEL):
                yield (*place, "label"), f"{service.id}: {service.label}: one label, and not a country's own"
            for index, name in enumerate(service.domains):
                if name in shared or _is_suffix(name):
                    yield (*place, "domains", index), f"{service.id}: {name} belongs to many"
            yield from _overlaps(place, service)
        yield from self._over(guarded)

    def _bad_names(self) -> Iterator[tuple[Path, str]]:
        yield from _bad(("shared",), self.shared)
        for number, service in enumerate(self.services):
            place: Path = ("services", number)
            yield from _bad((*place, "domains"), service.domains)
            yield from _bad((*place, "never_block"), service.never_block)
            if service.label is not None:
                yield from (((*place, "label"), said) for _, said in _bad((), (service.label,)))

    def _over(self, guarded: Iterable[str]) -> Iterator[tuple[Path, str]]:
        """Yield the guarded names that a service reaches."""
        found = DomainSet(domainset.build(entry for service in self.services for entry in service.entries))
        numbers = {SERVICE_TAG + service.id: number for number, service in enumerate(self.services)}
        for name in guarded:
            for tag in sorted(found.tags(name) & numbers.keys()):
                number = numbers[tag]
                place: Path = ("services", number)
                above = [i for i, one in enumerate(self.services[number].domains) if names.is_under(name, one)]
                end: Path = ("domains", above[0]) if above else ("label",)
                yield (*place, *end), f"{self.services[number].id}: reaches {name}, which must stay open: never_block"


class _Told(_Strict, frozen=True):
    """An engine as it is written: hosts in full, and `stems` that go before each of `endings`."""

    id: str
    name: str
    category: str
    hosts: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    targets: dict[Level, str] = {}
    default: dict[str, Level] = {}
    cost: str = ""

    def engine(self) -> Engine:
        """Return the engine with every host in full."""
        hosts = (*self.hosts, *(f"{stem}.{ending}" for ending in self.endings for stem in self.stems))
        return Engine(
            id=self.id,
            name=self.name,
            category=self.category,
            hosts=hosts,
            targets=self.targets,
            default=self.default,
            cost=self.cost,
        )


class Engines(_Strict, frozen=True):
    """All of `safesearch.yaml`."""

    version: int
    engines: tuple[_Told, ...]

    @property
    def by_id(self) -> dict[str, Engine]:
        """The engines by their ids."""
        return {told.id: told.engine() for told in self.engines}

    def problems(self, categories: Collection[str]) -> Iterator[tuple[Path, str]]:
        """Yield what is wrong, each with its place in the file."""
        engines = [told.engine() for told in self.engines]
        ids = Counter(engine.id for engine in engines)
        hosts = Counter(host for engine in engines for host in engine.hosts)
        for number, (told, engine) in enumerate(zip(self.engines, engines, strict=True)):
            place: Path = ("engines", number)
            if ids[engine.id] > 1:
                yield (*place, "id"), f"{engine.id}: stands here more than once"
            if engine.category not in categories:
                yield (*place, "category"), f"{engine.id}: {engine.category}: no such category"
            if not engine.hosts or bool(told.stems) != bool(told.endings):
                yield place, f"{engine.id}: wants hosts, or stems and endings together"
            for field in ("hosts", "stems", "endings"):
                yield from _bad((*place, field), getattr(told, field))
            for host in sorted({host for host in engine.hosts if hosts[host] > 1}):
                yield place, f"{engine.id}: {host} stands here more than once"
            yield from _bad_levels(place, engine, hosts)


def _bad_levels(place: Path, engine: Engine, hosts: Mapping[str, int]) -> Iterator[tuple[Path, str]]:
    for level, target in engine.targets.items():
        here: Path = (*place, "targets", level.value)
        yield from ((here, said) for _, said in _bad((), (target,)))
        if level in _UNSAFE:
            yield here, f"{engine.id}: {level.value} has no target"
        if target in hosts:
            yield here, f"{engine.id}: {target} would itself be answered by a safe mode"
    for band, level in engine.default.items():
        if band not in BANDS:
            yield (*place, "default", band), f"{engine.id}: {band}: no such band"
        if level not in engine.levels:
            yield (*place, "default", band), f"{engine.id}: {level.value}: it has no such level"


def _bad(place: Path, found: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Yield the names that are not written in normal form."""
    for index, name in enumerate(found):
        try:
            if names.normalise(name) != name:
                yield (*place, index), f"{name} is written {names.normalise(name)}"
        except names.BadName as error:
            yield (*place, index), str(error)


def _is_suffix(name: str) -> bool:
    """Say whether a name looks like one below which many have theirs: ``com``, ``co.uk``."""
    first, _, rest = name.partition(".")
    return not rest or (first in domainset.SECOND_LEVEL and len(rest) == domainset.COUNTRY_LETTERS)


def _overlaps(place: Path, service: Service) -> Iterator[tuple[Path, str]]:
    """Yield the names that another one of the service says already, and exceptions from nothing."""
    for field, found in (("domains", service.domains), ("never_block", service.never_block)):
        for index, name in enumerate(found):
            others = found[:index] + found[index + 1 :]
            if any(names.is_under(name, other) for other in others):
                yield (*place, field, index), f"{service.id}: {name} is said already"
    for index, name in enumerate(service.never_block):
        is_below = any(name != one and names.is_under(name, one) for one in service.domains)
        if not is_below and (service.label is None or domainset.label_of(name) != service.label):
            yield (*place, "never_block", index), f"{service.id}: {name} is below none of its names"
