"""What a flow looks like, and how sure that is."""

from appliance.core.signs.sign import Confidence, Sign


def test_confidences_compare() -> None:
    """The surer is the greater."""
    assert Confidence.WEAK < Confidence.LIKELY < Confidence.STRONG


def test_signs_are_values() -> None:
    """Equal where they say the same; what showed one need not be said."""
    assert Sign("tinc", Confidence.STRONG) == Sign("tinc", Confidence.STRONG, "")
    assert len({Sign("tinc", Confidence.WEAK, "port"), Sign("tinc", Confidence.WEAK, "port")}) == 1
