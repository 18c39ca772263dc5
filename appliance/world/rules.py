"""The folder `rules/`, inside the wheel or beside the package in a checkout."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from appliance.core import flowrules, helplines, offers, rulebook, visibility
from appliance.core.domainset import DomainSet, build
from appliance.core.flowrules import FlowRules, FlowRulesError
from appliance.core.helplines import Helplines, HelplinesError
from appliance.core.offers import Offer, OffersError
from appliance.core.rulebook import Rulebook, RulebookError
from appliance.core.visibility import Contract, VisibilityError

_PACKAGE = Path(__file__).parents[1]

T = TypeVar("T")


def folder() -> Path:
    """Return where the bundled rules lie. Raises RulebookError where there are none."""
    for candidate in (_PACKAGE / "rules", _PACKAGE.parent / "rules"):
        if (candidate / "categories.yaml").is_file():
            return candidate
    raise RulebookError("the bundled rules are missing: install Kindgate again")


def load_rulebook(where: Path | None = None) -> Rulebook:
    """Return the rules of a folder, by default the bundled ones. Raises RulebookError and OSError."""
    root = where or folder()
    files = [*root.glob("*.yaml"), *(root / "lists").glob("*.txt")]
    return rulebook.parse({(name := path.relative_to(root).as_posix()): _text(path, name) for path in sorted(files)})


def load_contract(where: Path | None = None) -> Contract:
    """Return the visibility contract of a folder, by default the bundled one. Raises VisibilityError and OSError."""
    return _load(where, visibility.FILE, visibility.parse, VisibilityError)


def load_flow_rules(rules: Rulebook, where: Path | None = None) -> FlowRules:
    """Return what a folder's rules make of connections, by default the bundled ones. Raises FlowRulesError, OSError."""
    return _load(where, flowrules.FILE, lambda text: flowrules.parse(text, rules), FlowRulesError)


def load_helplines(where: Path | None = None) -> Helplines:
    """Return the help lines of a folder, by default the bundled ones. Raises HelplinesError and OSError."""
    return _load(where, helplines.FILE, helplines.parse, HelplinesError)


def load_offers(where: Path | None = None) -> tuple[Offer, ...]:
    """Return the catalogue of lists of a folder, by default the bundled one. Raises OffersError and OSError."""
    return _load(where, offers.FILE, offers.parse, OffersError)


def load_popular(where: Path | None = None) -> frozenset[str]:
    """Return the names of sites that everybody knows. Raises OffersError and OSError."""
    kinds = _load(where, offers.POPULAR_FILE, offers.parse_popular, OffersError)
    return frozenset(name for words in kinds.values() for name in words)


def _load(where: Path | None, file: str, parse: Callable[[str], T], error: type[ValueError]) -> T:
    try:
        return parse(_text((where or folder()) / file, file))
    except FileNotFoundError as cause:
        raise error(f"{file}: missing") from cause
    except RulebookError as cause:
        raise error(str(cause)) from cause


def _text(path: Path, name: str) -> str:
    octets = path.read_bytes()
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise RulebookError(f"{name}: line {line}: not UTF-8") from error


def bundled_set(rules: Rulebook) -> DomainSet:
    """Return the set of all names that the rules bring with them."""
    return DomainSet(build(rules.entries))
