"""How much of a list is taken, how long it may take, and what a person is told of one that isn't taken."""

import errno
from dataclasses import dataclass

MEGABYTE = 1_000_000

A_PAGE = "That is a web page and no list: the address of a list itself often ends in .txt."
NO_TEXT = "That is not a text, so it is no list."
DAMAGED = "The list came damaged: it can't be unpacked."
EMPTY = "The list is empty."


class NotTaken(Exception):
    """A list can't be had or can't be used; `str` is a sentence for whoever wants the list."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, how long and how far."""

    packed_octets: int = 64 * MEGABYTE
    unpacked_octets: int = 256 * MEGABYTE
    total_s: float = 120.0
    stall_s: float = 20.0
    """The sender may be silent for so long."""
    redirects: int = 5

    @property
    def too_large(self) -> str:
        """The sentence for a list beyond these."""
        packed, unpacked = self.packed_octets // MEGABYTE, self.unpacked_octets // MEGABYTE
        return f"The list is larger than it may be: {packed} MB packed, {unpacked} MB unpacked."


USUAL = Limits()


def disk_words(error: OSError) -> str:
    """Return what a person is told when the box can't write a list down."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The box's disk is full: there is no room for the list."
    return "The box's disk does not take the list."
