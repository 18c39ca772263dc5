"""`kindgate finder` runs a finder on a data folder, with the lease files that it is told of."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from appliance.commands import finder as command
from appliance.config import OWN_LEASES
from appliance.core.visibility import Contract, VisibilityError
from appliance.finder.leasefile import KNOWN
from appliance.world import rules
from tests.commands.cli import kindgate

CONFIG = "data: /srv/kindgate\n"


class Spy:
    """Stands in for the daemon, and remembers what it was told."""

    told: tuple[Path, Contract, tuple[Path, ...]] | None = None

    def __init__(self, data: Path, contract: Contract, leases: tuple[Path, ...]) -> None:
        type(self).told = (data, contract, leases)

    async def run(self, _: object) -> None:
        """End at once."""


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> type[Spy]:
    """Put a spy in the daemon's place."""
    monkeypatch.setattr(command, "Daemon", Spy)
    monkeypatch.setattr(Spy, "told", None)
    return Spy


def run(*words: str) -> Result:
    """Run the command."""
    return kindgate("finder", *words)


def test_known_and_told_lease_files(spy: type[Spy], tmp_path: Path, nowhere: Path) -> None:
    """The lease files where Debian has them, the box's own, and those of the command line, in the folder it is told."""
    result = run("--data", str(tmp_path), "--leases", "/etc/one", "--leases", "two")
    assert (result.exit_code, result.output) == (0, "")
    assert spy.told == (
        tmp_path,
        rules.load_contract(),
        (*KNOWN, tmp_path / OWN_LEASES, Path("/etc/one"), Path.cwd() / "two"),
    )


def test_the_data_folder_of_the_configuration(spy: type[Spy], tmp_path: Path, nowhere: Path) -> None:
    """Without `--data` the configuration's folder counts."""
    (tmp_path / "appliance.yaml").write_text(CONFIG)
    assert run("--config", str(tmp_path / "appliance.yaml")).exit_code == 0
    assert spy.told is not None
    assert (spy.told[0], spy.told[2]) == (Path("/srv/kindgate"), (*KNOWN, Path("/srv/kindgate/guard/dnsmasq.leases")))


@pytest.mark.parametrize(
    ("words", "status"),
    [(("--leases", "FOLDER"), 2), (("--config", "missing.yaml"), 2), (("--what",), 2), (("word",), 2)],
)
def test_wrong_words(spy: type[Spy], tmp_path: Path, nowhere: Path, words: tuple[str, ...], status: int) -> None:
    """What can't be meant is refused, and nothing starts."""
    assert run(*(word.replace("FOLDER", str(tmp_path)) for word in words)).exit_code == status
    assert spy.told is None


def test_a_broken_contract(spy: type[Spy], nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the visibility contract nothing is gathered."""

    def refuse() -> Any:
        raise VisibilityError("visibility.yaml: missing")

    monkeypatch.setattr(rules, "load_contract", refuse)
    result = run()
    assert (result.exit_code, spy.told) == (1, None)
    assert "the bundled rules can't be read: visibility.yaml: missing" in result.output


def test_it_says_what_it_takes() -> None:
    """The help names the option for lease files."""
    with click.Context(command.finder) as context:
        assert "--leases FILE" in command.finder.get_help(context)
