"""Builds the file of all lists: reads them, leaves out what lists may not say, and reports what was read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from appliance.core.lists import listset
from appliance.core.lists.conflicts import EVERYTHING, Tally, find_conflicts, reach
from appliance.core.lists.line import address_of, plain, shown
from appliance.core.lists.listset import Head, ListSet, Parts
from appliance.core.lists.parse import parse
from appliance.core.lists.report import Conflict, Report, Skipped
from appliance.core.lists.rule import CompilePatterns, Rewrite, Rule, Says, Syntax, Why
from appliance.core.lists.tables import Crowded, Entries, RuleStore, Tables, tables
from appliance.core.wire import dns

MAX_PATTERNS = 10_000
MAX_ABOUT_ALL = 100
"""Rules about every name, and patterns turned round: nearly each of them has a say in each question."""
MAX_CLIENTS = 10_000
MAX_TAKEN_BACK = 10_000
EXAMPLES = 200
WIDE = 10
"""A pattern that is found in more than so many of the well-known sites is no pattern of what a list is about."""
UNREAD = 10
"""So many lines that can't be read, and hardly one that can, are no list."""
HARDLY = 50

_OPENED = {Says.BLOCK: Says.ALLOW, Says.BLOCK_EXACT: Says.ALLOW_EXACT, Says.BLOCK_BELOW: Says.ALLOW_BELOW}
_UNREADABLE = (Why.UNKNOWN, Why.NOT_A_NAME, Why.TOO_LONG, Why.BAD_REGEX)


class ListRefused(ValueError):
    """A list can't be taken at all: the sentence says why."""

    def __init__(self, list_id: str, words: str) -> None:
        super().__init__(words)
        self.list = list_id
        """Its id."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A list to be read, and what it may."""

    id: str
    lines: Iterable[str]
    is_allow: bool = False
    """All that it says opens."""
    syntax: Syntax = Syntax.AUTO
    subdomains: bool = False
    """A bare name means all below it too."""
    redirects: bool = False
    """It may answer with other addresses and names."""
    wide: bool = False
    """It may block whole registries, and have patterns that reach many well-known sites."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Names, in normal form, that no list should block; the first three kinds stay open, with all below them."""

    help_lines: frozenset[str] = frozenset()
    information: frozenset[str] = frozenset()
    infrastructure: frozenset[str] = frozenset()
    popular: frozenset[str] = frozenset()
    is_suffix: Callable[[str], bool] = lambda name: "." not in name
    """Says whether a name is a whole registry."""


class Built(msgspec.Struct, frozen=True):
    """The octets of a file, for `ListSet`, and what was read, by list id."""

    octets: bytes
    reports: dict[str, Report]


def build(sources: Sequence[Source], known: Known, compile_patterns: CompilePatterns) -> Built:
    """Return the file of these lists. Raises ListRefused for one that can't be taken: build again without it."""
    if len(sources) > listset.MAX_LISTS:
        raise ListRefused(sources[-1].id, f"there are more than {listset.MAX_LISTS:,} lists")
    store = RuleStore()
    readers = [_Reader(source, known, compile_patterns, store) for source in sources]
    for reader in readers:
        reader.read()
    try:
        made = tables([reader.entries for reader in readers])
    except Crowded as error:
        raise ListRefused(sources[error.number].id, str(error)) from error
    octets = _packed(readers, made, store)
    kept = {
        "help_lines": known.help_lines,
        "information": known.information,
        "infrastructure": known.infrastructure,
    }
    found = find_conflicts(ListSet(octets, compile_patterns), kept, known.popular)
    reports = {
        reader.id: replace(reader.report(), names=number, **found[reader.id])
        for reader, number in zip(readers, made.names, strict=True)
    }
    return Built(octets, reports)


def _packed(readers: Sequence["_Reader"], made: Tables, store: RuleStore) -> bytes:
    head = Head(
        ids=tuple(reader.id for reader in readers),
        clients=tuple(sorted(frozenset().union(*(reader.clients for reader in readers)))),
        tags=tuple(sorted(frozenset().union(*(reader.tags for reader in readers)))),
        has_addresses=any(reader.has_addresses for reader in readers),
        loose=tuple((number, place) for number, reader in enumerate(readers) for place in reader.loose),
    )
    rules = memoryview(store.octets)
    return listset.pack(head, Parts(made.trie, made.elements, made.values, made.several, store.ends(), rules))


class _Reader:
    """Reads one list: the sink of its parser."""

    def __init__(self, source: Source, known: Known, compile_patterns: CompilePatterns, store: RuleStore) -> None:
        self.id = source.id
        self.entries = Entries()
        self.loose: list[int] = []
        """The numbers of its rules that are tried on every name."""
        self.clients: set[str] = set()
        self.tags: set[str] = set()
        self.has_addresses = False
        self._source, self._known, self._compile, self._store = source, known, compile_patterns, store
        self._unbound: list[Rule] = []
        self._taken_back: set[Rule | tuple[str, Says]] = set()
        self._skipped: Counter[str] = Counter()
        self._examples: list[Skipped] = []
        self._suffixes, self._too_wide = Tally(), Tally()
        self._syntax = source.syntax
        self._lines = self._rules = self._tried = self._about_all = 0

    def read(self) -> None:
        """Read all of it. Raises ListRefused."""
        source = self._source
        self._syntax = parse(self._counted(source.lines), source.syntax, self, subdomains=source.subdomains)
        unread = sum(self._skipped[why.value] for why in _UNREADABLE)
        if unread >= UNREAD and (len(self.entries) + len(self._unbound)) * HARDLY < unread:
            raise self._refused(f"it is no list of names: {unread:,} of its lines can't be read")
        self._drop_taken_back()
        kept = self._without_wide()
        self._rules += len(kept)
        self.loose = [self._store.add(rule) for rule in kept]

    def report(self) -> Report:
        """Return what was read, but for the number of names and the conflicts that the whole file shows."""
        return Report(
            syntax=self._syntax,
            lines=self._lines,
            rules=self._rules,
            patterns=sum(self._store[number].pattern is not None for number in self.loose),
            skipped=dict(self._skipped),
            examples=tuple(self._examples),
            suffixes=self._suffixes.told(),
            too_wide=self._too_wide.told(),
        )

    def name(self, name: str, line: int, says: Says) -> None:
        """Take a plain name."""
        if self._source.is_allow:
            says = _OPENED.get(says, says)
        if address_of(name) is not None:
            self.has_addresses = True
        elif says in _OPENED and self._is_held_back(name, line, is_exact=says is Says.BLOCK_EXACT):
            return
        self.entries.add(name, line, says)

    def rule(self, rule: Rule) -> None:
        """Take a line with more to it."""
        shaped = self._shaped(rule)
        if shaped is None:
            self.skip(rule.line, Why.REDIRECT, rule.name or rule.pattern or EVERYTHING)
        elif (said := plain(shaped)) is not None:
            self.name(said[0], shaped.line, said[1])
        elif shaped.name is not None:
            self._take_bound(shaped, shaped.name)
        elif shaped.pattern is None or self._is_usable(shaped.line, shaped.pattern):
            self._take_unbound(shaped)

    def take_back(self, said: Rule | tuple[str, Says]) -> None:
        """Remember what shall not hold."""
        if not isinstance(said, tuple):
            shaped = self._shaped(said)
            if shaped is None:
                return
            said = plain(shaped) or replace(shaped, line=0)
        if isinstance(said, tuple) and self._source.is_allow:
            said = said[0], _OPENED.get(said[1], said[1])
        self._taken_back.add(said)
        if len(self._taken_back) > MAX_TAKEN_BACK:
            raise self._refused(f"it takes back more than {MAX_TAKEN_BACK:,} of its own lines")

    def skip(self, line: int, why: Why, text: str) -> None:
        """Count a line that says nothing, and keep it if it is one of the first."""
        self._skipped[why.value] += 1
        if len(self._examples) < EXAMPLES:
            self._examples.append(Skipped(line, why, shown(text)))

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._lines += 1
            yield line

    def _refused(self, words: str) -> ListRefused:
        return ListRefused(self.id, words)

    def _shaped(self, rule: Rule) -> Rule | None:
        """Return a rule as this list may have it, or None where it may not.

        Answers that lead nowhere are as good as the house's blocked answer; others have to be allowed to the list.
        """
        is_answer = not rule.is_allow and (rule.is_rewrite or rule.rewrites != ())
        if is_answer and (self._source.is_allow or not self._source.redirects):
            if not all(_leads_nowhere(rewrite) for rewrite in rule.rewrites):
                return None
            rule = replace(rule, rewrites=(), is_rewrite=False)
        return replace(rule, is_allow=True) if self._source.is_allow else rule

    def _is_held_back(self, name: str, line: int, *, is_exact: bool) -> bool:
        """Say whether a block is left out because it would close a whole registry; tell of the name in any case."""
        if not self._known.is_suffix(name):
            return False
        self._suffixes.add(Conflict(name, line))
        if is_exact or self._source.wide:
            return False
        self.skip(line, Why.TOO_WIDE, name)
        return True

    def _is_usable(self, line: int, pattern: str) -> bool:
        """Say whether a pattern can be used; otherwise tell of it. Raises ListRefused when there are too many."""
        self._tried += 1
        if self._tried > MAX_PATTERNS:
            raise self._refused(f"it has more than {MAX_PATTERNS:,} patterns, and each is tried on every name")
        try:
            self._compile((pattern,))
        except ValueError:
            self.skip(line, Why.BAD_REGEX, pattern)
            return False
        return True

    def _take_bound(self, rule: Rule, name: str) -> None:
        """Take a rule that stands by a name."""
        if address_of(name) is not None:
            self.has_addresses = True
        elif not rule.is_allow and self._is_held_back(name, rule.line, is_exact=rule.is_exact):
            return
        self._hear_of_clients(rule)
        self.entries.add(name, self._store.add(rule), Says.RULE)
        self._rules += 1

    def _take_unbound(self, rule: Rule) -> None:
        """Take a rule that is tried on every name."""
        self._hear_of_clients(rule)
        self._about_all += rule.is_everything or rule.is_inverted
        if self._about_all > MAX_ABOUT_ALL:
            raise self._refused(f"it has more than {MAX_ABOUT_ALL} rules about every name")
        self._unbound.append(rule)

    def _hear_of_clients(self, rule: Rule) -> None:
        self.clients.update(rule.clients, rule.not_clients)
        self.tags.update(rule.tags, rule.not_tags)
        if len(self.clients) > MAX_CLIENTS:
            raise self._refused(f"it speaks of more than {MAX_CLIENTS:,} clients")

    def _drop_taken_back(self) -> None:
        """Leave out what the list itself takes back."""
        if self._taken_back:
            self.entries = self.entries.without(self._is_taken_back)
            self._unbound = [rule for rule in self._unbound if not self._is_rule_taken_back(rule)]

    def _is_taken_back(self, name: str, value: int, says: Says) -> bool:
        if says is not Says.RULE:
            if (name, says) not in self._taken_back:
                return False
            self.skip(value, Why.OVERRULED, name)
            return True
        is_taken = self._is_rule_taken_back(self._store[value])
        self._rules -= is_taken
        return is_taken

    def _is_rule_taken_back(self, rule: Rule) -> bool:
        if replace(rule, line=0) not in self._taken_back:
            return False
        self.skip(rule.line, Why.OVERRULED, rule.name or rule.pattern or EVERYTHING)
        return True

    def _without_wide(self) -> list[Rule]:
        """Return the rules that are tried on every name, without blocks that reach many well-known sites."""
        blocking = [rule for rule in self._unbound if not rule.is_allow]
        if not blocking:
            return self._unbound
        reached = reach(blocking, sorted(self._known.popular), self._compile)
        held: set[int] = set()
        for number, rule in enumerate(blocking):
            if len(reached[number]) > WIDE:
                text = rule.pattern or EVERYTHING
                self._too_wide.add(Conflict(reached[number][0], rule.line, text))
                if not self._source.wide:
                    self.skip(rule.line, Why.TOO_WIDE, text)
                    held.add(id(rule))
        return [rule for rule in self._unbound if id(rule) not in held]


def _leads_nowhere(rewrite: Rewrite) -> bool:
    """Say whether an answer is none: an RCODE, no record, or an address at which nobody is."""
    if rewrite.cname is not None or rewrite.qtype not in (0, dns.A, dns.AAAA):
        return False
    address = address_of(rewrite.value)
    return address is None or address.is_unspecified or address.is_loopback
