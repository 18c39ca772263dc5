"""The folder `rules/`, inside the wheel or beside the package in a checkout."""

from pathlib import Path

from appliance.core import helplines, rulebook, visibility
from appliance.core.domainset import DomainSet, build
from appliance.core.helplines import Helplines, HelplinesError
from appliance.core.rulebook import Rulebook, RulebookError
from appliance.core.visibility import Contract, VisibilityError

_PACKAGE = Path(__file__).parents[1]


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
    try:
        path = (where or folder()) / visibility.FILE
        return visibility.parse(_text(path, visibility.FILE))
    except FileNotFoundError as error:
        raise VisibilityError(f"{visibility.FILE}: missing") from error
    except RulebookError as error:
        raise VisibilityError(str(error)) from error


def load_helplines(where: Path | None = None) -> Helplines:
    """Return the help lines of a folder, by default the bundled ones. Raises HelplinesError and OSError."""
    try:
        path = (where or folder()) / helplines.FILE
        return helplines.parse(_text(path, helplines.FILE))
    except FileNotFoundError as error:
        raise HelplinesError(f"{helplines.FILE}: missing") from error
    except RulebookError as error:
        raise HelplinesError(str(error)) from error


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
