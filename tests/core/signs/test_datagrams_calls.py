"""A question for one's address is told from a call by what follows it."""

import pytest

from appliance.core.signs.datagrams_calls import look
from tests.core.signs.talks import Talk, facts, noise, numbers, seen

STUN = ("stun", "likely", "cookie")
TURN = ("turn", "likely", "request")
ICE = ("call", "likely", "ice")


def stun(kind: int = 1, *attributes: tuple[int, bytes], cookie: str = "2112a442") -> bytes:
    """Return a message of STUN."""
    body = b"".join(numbers(one, len(value), size=2) + value + bytes(-len(value) % 4) for one, value in attributes)
    return numbers(kind, len(body), size=2) + bytes.fromhex(cookie) + noise(12) + body


def rtp(number: int, source: bytes = b"\x00\x00\x03\xe8", lead: int = 0x80, kind: int = 0x60) -> bytes:
    """Return a packet of RTP."""
    return bytes((lead, kind)) + numbers(number, size=2) + noise(4, number) + source + noise(40, number)


def rtcp(source: bytes = b"\x00\x00\x03\xe8", words: int = 6, kind: int = 200) -> bytes:
    """Return a report of RTCP, 28 octets long."""
    return bytes((0x80, kind)) + numbers(words, size=2) + source + noise(20)


def hello(*extensions: tuple[int, bytes], version: str = "fefd", kind: int = 1) -> bytes:
    """Return a client's hello of DTLS, with a cookie."""
    body = b"".join(numbers(one, len(value), size=2) + value for one, value in extensions)
    body = (
        bytes.fromhex("fefd")
        + noise(32)
        + b"\x02ab"
        + b"\x03abc"
        + b"\x00\x04\xc0\x2b\xc0\x2f"
        + b"\x01\x00"
        + (numbers(len(body), size=2) + body)
    )
    message = bytes((kind,)) + numbers(len(body), size=3) + bytes(5) + numbers(len(body), size=3) + body
    return b"\x16" + bytes.fromhex(version) + bytes(8) + numbers(len(message), size=2) + message


USE_SRTP = (14, bytes.fromhex("0002000100"))


@pytest.mark.parametrize(
    ("talk", "signs"),
    [
        ([(">", stun())], {STUN}),
        ([(">", stun()), ("<", stun(0x0101, (0x20, noise(8))))], {STUN}),
        ([(">", stun(1, (0x8022, b"agent")))], {STUN}),
        ([(">", stun(1, (0x0006, b"a:b"), (0x0024, noise(4))))], {STUN, ICE}),
        ([(">", stun(1, (0x0025, b"")))], {STUN, ICE}),
        ([(">", stun(1, (0x802A, noise(8))))], {STUN, ICE}),
        ([(">", stun(1, (0x0006, noise(40)), (0x8029, noise(8))))], {STUN}),
        ([(">", stun(0x0101, (0x0024, noise(4))))], {STUN}),
        *(([(">", stun(kind))], {STUN, TURN}) for kind in (0x0003, 0x0104, 0x0016, 0x0017, 0x0008, 0x0119)),
        ([(">", stun(0x000A))], {STUN}),
        ([(">", stun() + b"x")], set()),
        ([(">", stun(0x4001))], set()),
        ([(">", stun(cookie="2112a443"))], set()),
    ],
)
def test_stun_is_likely_and_turn_and_ice_are_told_apart(talk: Talk, signs: set[tuple[str, str, str]]) -> None:
    """Never strong, for then the call that follows would not be seen."""
    assert seen(look(facts(talk))) == signs


def channel(octets: bytes, number: int = 0x4000, pad: int = 0) -> bytes:
    """Return what TURN carries in a channel."""
    return numbers(number, len(octets), size=2) + octets + bytes(pad)


DTLS = ("call", "strong", "dtls")
MEDIA = ("call", "strong", "media")


@pytest.mark.parametrize(
    ("after", "sign"),
    [
        ([hello()], DTLS),
        ([hello(version="feff")], DTLS),
        ([channel(hello())], DTLS),
        ([channel(hello(), 0x4FFF, pad=3)], DTLS),
        ([channel(hello(), 0x5000)], None),
        ([channel(hello(), pad=4)], None),
        ([channel(hello())[:-1]], None),
        ([channel(b"", pad=2)], None),
        ([hello(version="feff")[:1]], None),
        ([b"\x13" + hello()[1:]], None),
        ([b"\x1a" + hello()[1:]], None),
        ([hello(version="0303")], None),
        ([rtp(1), rtp(2)], MEDIA),
        ([rtp(0xFFFF), rtp(7)], MEDIA),
        ([rtp(2), rtp(1), rtp(2)], MEDIA),
        ([channel(rtp(1)), channel(rtp(2))], MEDIA),
        ([rtp(1)[:12], rtp(2)[:12]], MEDIA),
        ([rtcp(), rtcp()], MEDIA),
        ([rtcp(kind=192), rtcp(kind=192)], MEDIA),
        ([rtcp(kind=191), rtcp(kind=224)], None),
        ([rtp(1), rtp(10)], None),
        ([rtp(1), rtp(1)], None),
        ([rtp(1), rtp(2, noise(4))], None),
        ([rtp(1), rtcp()], None),
        ([rtcp(words=7), rtcp(words=7)], None),
        ([rtcp(bytes(4)), rtcp(bytes(4))], None),
        ([rtp(1, lead=0x40), rtp(2, lead=0x40)], None),
        ([rtp(1)[:11], rtp(2)[:11]], None),
    ],
)
def test_what_follows_stun_makes_it_a_call(after: list[bytes], sign: tuple[str, str, str] | None) -> None:
    """DTLS, or two packets of one source that count on, in a channel or not."""
    talk = [(">", stun()), *((">", octets) for octets in after)]
    assert seen(look(facts(talk))) == {STUN} | ({sign} if sign else set())


def test_media_of_two_ways_are_not_counted_together() -> None:
    """Each side counts by itself."""
    assert seen(look(facts([(">", stun()), (">", rtp(1)), ("<", rtp(2))]))) == {STUN}


def test_without_stun_media_are_likely() -> None:
    """Four packets of one source, as the middle of a call shows."""
    assert seen(look(facts([(">", rtp(one)) for one in range(4)]))) == {("call", "likely", "media")}
    assert seen(look(facts([("<", rtcp(kind=223)) for _ in range(4)]))) == {("call", "likely", "media")}
    assert not seen(look(facts([(">", rtp(one)) for one in range(3)])))
    assert not seen(look(facts([(">", rtp(one * 9)) for one in range(4)])))


def test_a_hello_that_offers_srtp_is_a_call() -> None:
    """Wherever its extension stands; and no other handshake's message, nor a hello that is cut before."""
    whole = hello((10, b"\x00\x02\x00\x1d"), USE_SRTP)
    assert seen(look(facts([(">", whole)]))) == {DTLS}
    assert seen(look(facts([("<", whole)]))) == {DTLS}
    assert seen(look(facts([(">", hello(USE_SRTP, version="feff"))]))) == {DTLS}
    for one in (hello((10, b"\x00\x02\x00\x1d")), hello(), hello(USE_SRTP, kind=2), hello(USE_SRTP, version="0303")):
        assert not seen(look(facts([(">", one)])))
    cut = len(whole) - len(USE_SRTP[1]) - 2
    assert [bool(seen(look(facts([(">", whole[:end])])))) for end in range(1, len(whole))] == [
        end >= cut for end in range(1, len(whole))
    ]


CLASSIC = stun(cookie="01020304")


def test_classic_stun_is_known_by_its_answer() -> None:
    """A question alone is little, and only on its port."""
    answer = stun(0x0101, (1, noise(8)), cookie="01020304")
    assert seen(look(facts([(">", CLASSIC), ("<", answer)]))) == {("stun", "likely", "classic")}
    assert seen(look(facts([(">", CLASSIC)], 3478))) == {("stun", "weak", "classic")}
    assert not seen(look(facts([(">", CLASSIC)])))
    for talk in (
        [(">", CLASSIC), (">", answer)],
        [("<", answer)],
        [(">", CLASSIC), ("<", answer + b"x")],
        [(">", CLASSIC), ("<", stun(0x0101, cookie="01020305"))],
    ):
        assert not seen(look(facts(talk)))
    for odd in (CLASSIC[:4] + bytes(16), CLASSIC + b"x", stun(2, cookie="01020304")):
        assert not seen(look(facts([(">", odd)], 3478)))
