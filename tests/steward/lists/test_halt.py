"""What waits in another thread is ended, what is over is told, and what is done is let be."""

import pytest

from appliance.steward.lists.halt import Halt, Halted


def test_what_is_at_work_is_ended() -> None:
    """Each block's ender is called, once, also if it began when all was over; none of a block that is done."""
    ended = []
    halt = Halt()
    with halt.ends(lambda: ended.append("done")):
        pass
    with halt.ends(lambda: ended.append("at work")), halt.ends(lambda: ended.append("too")):
        halt.check()
        halt.call()
    with halt.ends(lambda: ended.append("late")):
        pass
    assert ended == ["at work", "too", "late"]


def test_it_tells_that_it_is_over() -> None:
    """Before it is called nothing is raised."""
    halt = Halt()
    halt.check()
    said = [halt.is_over]
    halt.call()
    assert [*said, halt.is_over] == [False, True]
    with pytest.raises(Halted):
        halt.check()
