"""The folder `models/`, inside the wheel or beside the package in a checkout, and what is said there of the model.

The model itself is read by `appliance.world.labels` alone.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.core import riskmodel
from appliance.core.riskmodel import RiskModel, RiskModelError

METRICS = "metrics.json"
_PACKAGE = Path(__file__).parents[1]


class Figures(NamedTuple):
    """What was measured of wrong questions: how many a child has in a week, and the share of names often taken wrongly.

    Of the bands the worst. Other figures of the file are for those who make models.
    """

    false_asks_a_week: float
    overblock_share: float


class _Overblock(msgspec.Struct, frozen=True):
    share: float


class _Weeks(msgspec.Struct, frozen=True):
    false_asks: float = msgspec.field(name="false asks a week")


class _Band(msgspec.Struct, frozen=True):
    overblock: _Overblock
    weeks: _Weeks


class _Metrics(msgspec.Struct, frozen=True):
    shipped: dict[str, _Band] = msgspec.field(name="at the shipped thresholds")


def folder() -> Path:
    """Return where the bundled model lies. Raises RiskModelError where there is none."""
    for candidate in (_PACKAGE / "models", _PACKAGE.parent / "models"):
        if (candidate / riskmodel.FILE).is_file():
            return candidate
    raise RiskModelError("the bundled model is missing: install Kindgate again")


def load_model_card(where: Path | None = None) -> RiskModel:
    """Return what is said of the model of a folder, by default the bundled one. Raises RiskModelError."""
    path = (where or folder()) / riskmodel.FILE
    try:
        return riskmodel.parse(path.read_text("utf-8"))
    except OSError as error:
        raise RiskModelError(f"{riskmodel.FILE}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RiskModelError(f"{riskmodel.FILE}: not UTF-8") from error


def load_figures(where: Path | None = None) -> Figures | None:
    """Return what was measured of the model of a folder, by default the bundled one; None where nothing can be read."""
    try:
        found = msgspec.json.decode(((where or folder()) / METRICS).read_bytes(), type=_Metrics).shipped.values()
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
        return None
    if not found:
        return None
    return Figures(max(one.weeks.false_asks for one in found), max(one.overblock.share for one in found))
