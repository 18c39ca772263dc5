"""What is known beforehand of names and addresses: which of them a way round the box is known by."""

from collections.abc import Mapping

import msgspec

from appliance.core.signs.sign import Sign

_BITS = {4: 32, 16: 128}


class Known(msgspec.Struct, frozen=True):
    """Plain data that whoever knows the rules makes; nothing is known by default."""

    exact: Mapping[str, Sign] = {}
    """A name in normal form, and no other."""
    below: Mapping[str, Sign] = {}
    """A name and all below it; the longest counts."""
    blocks: Mapping[tuple[int, int], Mapping[int, Sign]] = {}
    """Octets of an address and bits of a prefix → the prefix as a number; the first that fits counts."""

    def of_name(self, name: str) -> Sign | None:
        """Return what a name in normal form is known by."""
        found = self.exact.get(name)
        while found is None and name:
            found = self.below.get(name)
            name = name.partition(".")[2]
        return found

    def of_address(self, octets: bytes) -> Sign | None:
        """Return what an address of 4 or 16 octets is known by."""
        number = int.from_bytes(octets, "big")
        for (size, bits), prefixes in self.blocks.items():
            if size == len(octets):
                found = prefixes.get(number >> _BITS[size] - bits)
                if found:
                    return found
        return None


NOTHING = Known()
