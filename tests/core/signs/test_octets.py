"""Random octets are told from words, counts from other numbers, and one side from the other."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.octets import beginnings, is_count, seems_random, sides
from tests.core.signs.talks import facts, noise


@given(st.randoms(use_true_random=False), st.integers(8, 64))
def test_what_is_drawn_at_random_nearly_always_seems_so(random: object, size: int) -> None:
    """A permutation always does, having no octet twice; hypothesis likes runs too much to draw from."""
    octets = bytearray(range(size))
    random.shuffle(octets)  # type: ignore[attr-defined]
    assert seems_random(bytes(octets))


def test_words_zeros_and_scraps_do_not_seem_random() -> None:
    """Seven octets are too few to tell."""
    assert seems_random(noise(8))
    assert not seems_random(noise(7))
    assert not seems_random(bytes(8) + noise(8))
    assert not seems_random(b"GET /index.html HTTP/1.1\r\nHost: kind.example\r\n\r\n")
    assert [seems_random(bytes(range(different)) + bytes(10 - different)) for different in (6, 7)] == [False, True]


def test_a_count_rises_and_leaves_out_few() -> None:
    """One number is a count, and so is none."""
    assert all(is_count(numbers) for numbers in ([], [9], [1, 2, 4, 1004]))
    assert not any(is_count(numbers) for numbers in ([1, 2, 1003], [2, 2], [3, 2]))
    assert not is_count([1, 3], most=1)


def test_sides_keep_their_order() -> None:
    """The client's first."""
    client, server = sides(facts([(">", b"1"), ("<", b"2"), (">", b"3")]).glimpses)
    assert ([one.head for one in client], [one.head for one in server]) == ([b"1", b"3"], [b"2"])


def test_only_the_first_packet_of_a_side_is_known_beyond_its_head() -> None:
    """As far as facts keep it."""
    known = [octets for _, octets in beginnings(facts([(">", noise(600)), (">", noise(600)), ("<", noise(100))]))]
    assert known == [noise(600)[:512], noise(600)[:64], noise(100)]
