"""Who is asked first."""

import pytest

from appliance.core.whom import Mode, parse_server
from appliance.nameserver.groups import EXPLORE_EACH, Group
from appliance.nameserver.standing import SICK_AFTER, Asker, Try, Upstream


class Nowhere:
    """A transport that nobody uses."""

    def start(self, asker: Asker, upstream: Upstream, *, has_edns: bool) -> Try:  # noqa: ARG002 -- not used
        """Never asked."""
        raise AssertionError

    def close(self) -> None:
        """Hold nothing."""


def some(count: int) -> list[Upstream]:
    """Return some servers."""
    return [Upstream(parse_server(f"192.0.2.{number}"), Nowhere()) for number in range(1, count + 1)]


def fall_sick(upstream: Upstream) -> None:
    """Fail until it is sick."""
    assert [upstream.failed() for _ in range(SICK_AFTER)] == [False] * (SICK_AFTER - 1) + [True]


@pytest.mark.parametrize("mode", Mode)
def test_one_server(mode: Mode) -> None:
    """Is always the one."""
    (only,) = some(1)
    plan = Group([only], mode).plan()
    assert (list(plan.order), plan.width, plan.is_watched) == ([only], 1, False)


def test_nobody() -> None:
    """Is asked where nobody is set."""
    assert Group([], Mode.PARALLEL).plan().order == ()


def test_in_order() -> None:
    """As they are written, the sick ones last."""
    first, second, third = some(3)
    group = Group([first, second, third], Mode.IN_ORDER)
    assert list(group.plan().order) == [first, second, third]
    fall_sick(first)
    group.resort()
    assert list(group.plan().order) == [second, third, first]
    assert first.answered(0.1)
    group.resort()
    assert list(group.plan().order) == [first, second, third]


def test_all_at_once() -> None:
    """Who is well; one question at a time is watched to its end."""
    first, second, third = some(3)
    group = Group([first, second, third], Mode.PARALLEL)
    assert group.plan() == ((first, second, third), 3, True)
    assert group.plan() == ((first, second, third), 3, False)
    group.is_watching = False
    fall_sick(second)
    group.resort()
    assert group.plan() == ((first, third, second), 2, True)
    fall_sick(first)
    fall_sick(third)
    group.resort()
    assert group.plan().width == 3


def test_the_fastest_first() -> None:
    """By their smoothed round trips; who was never asked is asked; the sick ones last."""
    first, second, third = some(3)
    group = Group([first, second, third], Mode.FASTEST)
    first.answered(0.030)
    second.answered(0.010)
    assert list(group.plan().order) == [third, second, first]
    third.answered(0.020)
    assert list(group.plan().order) == [second, third, first]
    for _ in range(20):
        second.answered(0.200)
    assert list(group.plan().order) == [third, first, second]
    fall_sick(third)
    group.resort()
    assert list(group.plan().order) == [first, second, third]


def test_now_and_then_another_is_tried() -> None:
    """Beside the fastest, each in its turn, and watched; not while another question is."""
    first, second, third = some(3)
    for upstream, took_s in ((first, 0.01), (second, 0.02), (third, 0.03)):
        upstream.answered(took_s)
    group = Group([first, second, third], Mode.FASTEST)
    tried = []
    for _ in range(4 * EXPLORE_EACH):
        plan = group.plan()
        assert plan.order[0] is first
        if plan.is_watched:
            assert plan.width == 2
            tried.append(plan.order[1])
            group.is_watching = False
    assert tried == [third, second, third, second]
    group.is_watching = True
    assert not any(group.plan().is_watched for _ in range(EXPLORE_EACH))
