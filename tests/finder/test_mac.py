"""What a MAC's first octet says."""

import pytest

from appliance.finder import mac


@pytest.mark.parametrize(
    ("text", "is_device", "is_random"),
    [
        ("3c:22:fb:10:20:30", True, False),
        ("02:77:00:00:00:10", True, True),
        ("da:a1:19:00:00:01", True, True),
        ("7e:00:00:00:00:01", True, True),
        ("00:00:00:00:00:00", False, False),
        ("ff:ff:ff:ff:ff:ff", False, True),
        ("01:00:5e:00:00:fb", False, False),
        ("33:33:00:00:00:fb", False, True),
    ],
)
def test_first_octet(text: str, is_device: bool, is_random: bool) -> None:
    """A group's and the empty address are nobody's; the second bit says that a device made the address up."""
    assert (mac.is_device(text), mac.is_random(text)) == (is_device, is_random)
