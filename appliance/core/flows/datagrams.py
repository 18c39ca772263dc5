"""A conversation over UDP that is watched: questions of DNS, or the Initials of QUIC."""

from appliance.core.flows.reading import DNS_PORT, Reading
from appliance.core.signs.facts import Kind
from appliance.core.wire.question import Question, parse_question
from appliance.core.wire.quic import Initials, is_quic
from appliance.core.wire.reader import NEED_MORE, WireError


class Datagrams:
    """Ends are told apart as True and False: the sender of the first packet that was seen is True."""

    __slots__ = ("_initials", "_ports", "_questions", "client")

    def __init__(self, ports: dict[bool, int]) -> None:
        self._ports = ports
        self._initials: Initials | None = None
        self._questions: list[Question] = []
        self.client: bool | None = None

    @property
    def kind(self) -> Kind:
        """What it is, as far as is known."""
        if self._initials:
            return Kind.QUIC
        return Kind.DNS if self._questions else Kind.OTHER

    def put(self, end: bool, datagram: bytes) -> Reading | None:
        """Take a datagram and return what the flow asks for, once that can be read."""
        if self._initials is None:
            try:
                return self._ask(end, parse_question(datagram, is_dns_port=DNS_PORT in self._ports.values()))
            except WireError:
                pass
            if self._questions or not is_quic(datagram):
                return None
            self._initials = Initials()
            self.client = end if self._ports[end] >= self._ports[not end] else not end
        if end is not self.client:
            return None
        try:
            hello = self._initials.feed(datagram)
        except WireError:  # it was opened, and is not a hello
            return Reading(Kind.QUIC)
        return None if hello is NEED_MORE else Reading(Kind.QUIC, hello.name, hello=hello)

    def last(self) -> Reading | None:
        """Return what is known when no more will come."""
        if self._initials:
            return Reading(Kind.QUIC)
        return Reading(Kind.DNS, _name(self._questions)) if self._questions else None

    def _ask(self, end: bool, question: Question) -> Reading | None:
        """Remember a question; the first answer settles which it was, for a damaged one is not answered."""
        if self.client is None:
            self.client = end is not question.is_response
        self._questions.append(question)
        return self.last() if question.is_response else None


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
