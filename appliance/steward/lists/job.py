"""What the child that builds is told, and what it tells when it is done: one line of JSON each."""

import msgspec

from appliance.core.lists.report import Report
from appliance.core.lists.rule import Syntax


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A list that is to be in the file of all lists."""

    id: str
    paths: tuple[str, ...]
    """Where it lies, packed with gzip: the newest first; the next one is for when that can't be taken."""
    is_allow: bool
    syntax: Syntax
    subdomains: bool
    redirects: bool
    wide: bool


class Job(msgspec.Struct, frozen=True):
    """What is to be built, and where it goes."""

    parts: tuple[Part, ...]
    target: str


class Done(msgspec.Struct, frozen=True):
    """What came of it."""

    digest: str = ""
    """Of the file of all lists; empty where no list is in it, so that there is no file."""
    used: dict[str, str] = {}
    """List → which of its paths is in the file."""
    reports: dict[str, Report] = {}
    refused: dict[str, str] = {}
    """List → why its newest path could not be taken, as a sentence."""
    problem: str = ""
    """Why nothing was built at all, as a sentence; then the file is as it was."""
