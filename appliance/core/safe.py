"""Safe modes as they concern one person: which name answers for an engine's, or that the engine is off."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.core.catalogue import Engine
from appliance.core.person import LETTERS, Level, Person
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import TERMS, Strictness


@dataclass(frozen=True, slots=True)
class Safe:
    """The safe modes of one asker: exact host → the name that answers for it, and the hosts that are off."""

    targets: Mapping[str, str] = field(default_factory=dict)
    """An engine that is off is here in its strictest mode, for when somebody opens it all the same."""
    strictest: Mapping[str, str] = field(default_factory=dict)
    """While a window forces it."""
    blocked: Mapping[str, str] = field(default_factory=dict)
    """Host → engine."""


NO_SAFE_MODE = Safe()


def safe_of(rulebook: Rulebook, row: str, person: Person | None) -> Safe:
    """Return the safe modes of a row of the table (a band, ``unknown``), and of a person where one asks."""
    targets: dict[str, str] = {}
    strictest: dict[str, str] = {}
    blocked: dict[str, str] = {}
    for engine in rulebook.engines.values():
        level = level_of(engine, row, person)
        hardest = engine.targets.get(Level.STRICT, engine.targets.get(Level.MODERATE))
        if level is Level.BLOCK:
            blocked |= dict.fromkeys(engine.hosts, engine.id)
        target = hardest if level is Level.BLOCK else engine.targets.get(level)
        if target is not None:
            targets |= dict.fromkeys(engine.hosts, target)
        if hardest is not None:
            strictest |= dict.fromkeys(engine.hosts, hardest)
    return Safe(targets, strictest, blocked)


def level_of(engine: Engine, row: str, person: Person | None) -> Level:
    """Return what an engine is set to: by hand, else as the setting of its category says, else as the band has it."""
    by_band = engine.default.get(row, Level.OFF)
    if person is None:
        return by_band
    if engine.id in person.safe_search:
        return person.safe_search[engine.id]
    setting = person.categories.get(engine.category)
    if setting is None or TERMS[LETTERS[setting]].strictness is not Strictness.ALLOW:
        return by_band
    if not TERMS[LETTERS[setting]].is_safe:
        return Level.OFF
    return by_band if by_band is not Level.OFF else engine.levels[1]
