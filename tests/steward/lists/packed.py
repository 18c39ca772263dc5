"""Lists as they lie on the shelf, for builds."""

import gzip
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from appliance.core.lists.rule import Syntax
from appliance.steward.lists.job import Part
from tests.steward.lists.houses import BAD

_PART = Part(id="a", paths=(), is_allow=False, syntax=Syntax.AUTO, subdomains=False, redirects=False, wide=False)


def pack(path: Path, text: bytes) -> Path:
    """Put a text where it is to lie, packed."""
    path.write_bytes(gzip.compress(text, 1))
    return path


def part(path: Path, text: bytes = BAD, id_: str = "a", **how: Any) -> Part:
    """Return a list of a build that lies at a path with a text."""
    return replace(_PART, id=id_, paths=(str(pack(path, text)),), **how)
