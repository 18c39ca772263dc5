"""What a person is told of a list that isn't taken."""

import errno

from appliance.steward.lists.limits import USUAL, Limits, disk_words


def test_too_large_says_how_large_it_may_be() -> None:
    """In megabytes, packed and unpacked."""
    assert USUAL.too_large == "The list is larger than it may be: 64 MB packed, 256 MB unpacked."
    assert "1 MB packed, 2 MB" in Limits(packed_octets=1_000_000, unpacked_octets=2_000_000).too_large


def test_a_full_disk_is_told_from_a_bad_one() -> None:
    """Room can be made; a bad disk wants another one."""
    assert "full" in disk_words(OSError(errno.ENOSPC, "No space left on device"))
    assert "full" in disk_words(OSError(errno.EDQUOT, "Disk quota exceeded"))
    assert "full" not in disk_words(OSError(errno.EIO, "Input/output error"))
