"""A conversation over UDP that is watched: questions of DNS, or the Initials of QUIC."""

from appliance.core.flows.reading import DNS_PORT, Reading
from appliance.core.signs.facts import Kind
from appliance.core.wire.question import Question, parse_question
from appliance.core.wire.quic import Initials, is_quic
from appliance.core.wire.reader import NEED_MORE, WireError

_NAMING_PORTS = {DNS_PORT, 5353, 5355}
"""Of DNS, multicast DNS (RFC 6762) and LLMNR (RFC 4795)."""


class Datagrams:
    """Ends are told apart as True and False: the sender of the first packet that was seen is True."""

    __slots__ = ("_asked_by", "_initials", "_is_mixed", "_ports", "_questions", "client")

    def __init__(self, ports: tuple[int, int]) -> None:
        """Take the ports of False and True."""
        self._ports = ports
        self._initials: dict[bool, Initials] = {}
        self._questions: list[Question] = []
        self._asked_by: bool | None = None
        self._is_mixed = False
        self.client: bool | None = None

    @property
    def kind(self) -> Kind:
        """What it is, as far as is known."""
        if self._initials:
            return Kind.QUIC
        return Kind.DNS if self._is_dns else Kind.OTHER

    @property
    def opened_by(self) -> int | None:
        """The connection ID of the handshake of QUIC that was read, as a number."""
        return next((one.opened_by for one in self._initials.values() if one.has_opened), None)

    @property
    def is_unfinished(self) -> bool:
        """It began to say what it wants, and did not end."""
        return self._is_opened

    @property
    def has_conflict(self) -> bool:
        """The client said two different things at one place of its hello."""
        return any(initials.has_conflict for initials in self._initials.values())

    def put(self, end: bool, datagram: bytes) -> Reading | None:
        """Take a datagram and return what the flow asks for, once that can be read."""
        if not self._initials:
            try:
                return self._ask(end, parse_question(datagram, is_dns_port=self._is_dns_port))
            except WireError:
                self._is_mixed = True
        if is_quic(datagram) and end not in self._initials and not self._is_opened:
            # Its client is whose Initials open; till then whose port is the higher.
            self._initials[end] = Initials()
            self.client = end if self._ports[end] >= self._ports[not end] else not end
        return self._hello(end, datagram) if end in self._initials else None

    def last(self) -> Reading | None:
        """Return what is known when no more will come."""
        if self._initials:
            return Reading(Kind.QUIC)
        return Reading(Kind.DNS, _name(self._questions)) if self._is_dns else None

    @property
    def _is_dns_port(self) -> bool:
        return DNS_PORT in self._ports

    @property
    def _is_dns(self) -> bool:
        """Whether questions are what it is about: elsewhere than on DNS's ports one may stand before anything."""
        is_naming = not _NAMING_PORTS.isdisjoint(self._ports)
        return bool(self._questions) and (is_naming or not self._is_mixed)

    @property
    def _is_opened(self) -> bool:
        return any(initials.has_opened for initials in self._initials.values())

    def _ask(self, end: bool, question: Question) -> Reading | None:
        """Remember a question; its first answer settles which it was, for a damaged one is not answered."""
        if self.client is None:
            self.client = end is not question.is_response
        self._questions.append(question)
        if not question.is_response and self._asked_by is None:
            self._asked_by = end
        return self.last() if question.is_response and self._asked_by is (not end) else None

    def _hello(self, end: bool, datagram: bytes) -> Reading | None:
        initials = self._initials[end]
        try:
            hello = initials.feed(datagram)
        except WireError:  # it was opened, and is not a hello
            return Reading(Kind.QUIC) if end is self.client else None
        if initials.has_opened:
            self._initials, self.client = {end: initials}, end
        return None if hello is NEED_MORE else Reading(Kind.QUIC, hello.name, hello=hello)


def _name(questions: list[Question]) -> str | None:
    """Return the name that a flow asks for: that of the answer, None where several were asked till then.

    Without an answer it is the last one of plain characters, or the last.
    """
    last = questions[-1]
    if last.is_response:
        asked = {one.name for one in questions}
        return last.name or None if len(asked) == 1 else None
    plain = [one.name for one in questions if one.name.replace(".", "").replace("-", "").replace("_", "").isalnum()]
    return (plain or [last.name])[-1] or None
