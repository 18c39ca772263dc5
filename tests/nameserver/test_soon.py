"""What is done once all that came together has been looked at."""

import asyncio

from appliance.nameserver.soon import Soon
from tests.nameserver.inside import in_loop


@in_loop
async def test_at_the_end_of_a_round() -> None:
    """In the order in which it was said, at once when the outermost round ends, and once."""
    soon, done = Soon(asyncio.get_running_loop()), list[int]()
    with soon:
        with soon:
            soon.do(lambda: done.append(1))
            soon.do(lambda: done.append(2))
        assert done == []
    assert done == [1, 2]
    with soon:
        pass
    await asyncio.sleep(0)
    assert done == [1, 2]


@in_loop
async def test_outside_of_a_round() -> None:
    """In the loop's next one; what a round that comes before it has done is not done again."""
    soon, done = Soon(asyncio.get_running_loop()), list[int]()
    soon.do(lambda: done.append(1))
    assert done == []
    await asyncio.sleep(0)
    assert done == [1]
    soon.do(lambda: done.append(2))
    with soon:
        soon.do(lambda: done.append(3))
    assert done == [1, 2, 3]
    await asyncio.sleep(0)
    assert done == [1, 2, 3]


@in_loop
async def test_what_is_said_meanwhile_is_done_too() -> None:
    """Later, as everything is."""
    soon, done = Soon(asyncio.get_running_loop()), list[int]()

    def first() -> None:
        soon.do(lambda: done.append(2))
        done.append(1)

    with soon:
        soon.do(first)
    assert done == [1]
    await asyncio.sleep(0)
    assert done == [1, 2]
