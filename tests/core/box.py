"""A small house with a cache, played through by a test, and what dnspython reads of its replies."""

from collections.abc import Mapping
from typing import Any

import dns.flags
import dns.message

from appliance.core.budget import NOT_COUNTED, Minutes
from appliance.core.device import DeviceKind
from appliance.core.house import House
from appliance.core.query import Ask, Failure, Reply, begin, finish
from appliance.core.subscription import Subscription
from appliance.core.wire.dns import Message, Query, Refusal
from tests.core.builders import (
    AT,
    child,
    device,
    policy_of,
    setting_of,
    subject_of,
)
from tests.core.listings import list_set


class Box:
    """A small house with a cache, asked at `AT` unless told otherwise."""

    def __init__(
        self,
        *,
        extra: Any = (),
        on: DeviceKind | None = None,
        minutes: Minutes = NOT_COUNTED,
        texts: Mapping[Subscription, str] | None = None,
        **said: Any,
    ) -> None:
        person = said.pop("person", child())
        devices = (device(on, person.id),) if on else ()
        lists = texts or {}
        made = list_set(lists, {one.id: text for one, text in lists.items()}) if texts else None
        house = House(persons=(person,), devices=devices, lists=tuple(lists), **said)
        self.policy = policy_of(house, extra, minutes, made)
        self.setting = setting_of(self.policy)
        self.subject = self.policy.of_device("thing") if on else subject_of(self.policy)

    def begin(self, asked: Query | Refusal, at: float = AT, *, is_tcp: bool = False) -> Reply | Ask:
        """Begin a query."""
        return begin(self.setting, self.subject, asked, is_tcp, at)

    def ask(self, asked: Query, at: float = AT) -> Ask:
        """Begin a query that an upstream must be asked for."""
        outcome = self.begin(asked, at)
        assert isinstance(outcome, Ask)
        return outcome

    def reply(self, asked: Query, at: float = AT) -> Reply:
        """Begin a query that is answered at once."""
        outcome = self.begin(asked, at)
        assert isinstance(outcome, Reply)
        return outcome

    def journey(
        self, asked: Query, answer: Message | Failure, at: float = AT, later: float = 0.0, *, is_tcp: bool = False
    ) -> Reply:
        """Begin, put what the upstream says into the cache, finish some seconds later."""
        ask = self.ask(asked, at)
        outcome = answer if isinstance(answer, Failure) else self.setting.answers.put(ask.key, answer, at + later)
        return finish(self.setting, self.subject, ask, outcome, is_tcp, at + later)


def read(reply: Reply) -> dns.message.Message:
    """Return what dnspython reads of a reply, whose RCODE must be what it says."""
    answer = dns.message.from_wire(reply.wire)
    assert answer.rcode() == reply.rcode
    return answer


def texts(reply: Reply) -> list[str]:
    """Return the answer section as text."""
    return [line for rrset in read(reply).answer for line in rrset.to_text().splitlines()]


def ede(reply: Reply) -> list[tuple[int, str]]:
    """Return the extended errors of a reply."""
    return [(int(option.code), option.text or "") for option in read(reply).extended_errors()]
