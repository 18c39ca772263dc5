"""What is done once all that came together has been looked at: sending, above all, because it pays to send together."""

from asyncio import AbstractEventLoop
from collections.abc import Callable


class Soon:
    """Things to do at the end of this round of work, or where none is marked, in the loop's next one.

    A round of the event loop costs as much as a tenth of a query; whoever knows where its work ends saves two of them.
    """

    __slots__ = ("_due", "_loop", "_rounds")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[Callable[[], None]] = []
        self._rounds = 0

    def do(self, what: Callable[[], None]) -> None:
        """Do this soon, and once for each time that it is said."""
        if not self._due and not self._rounds:
            self._loop.call_soon(self._catch_up)
        self._due.append(what)

    def __enter__(self) -> None:
        """Begin a round of work."""
        self._rounds += 1

    def __exit__(self, *_: object) -> None:
        """End it, and do what is due."""
        self._rounds -= 1
        if self._due and not self._rounds:
            self._catch_up()

    def _catch_up(self) -> None:
        due, self._due = self._due, []
        for what in due:
            what()
