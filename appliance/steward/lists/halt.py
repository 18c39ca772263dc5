"""How work in other threads is brought to an end: what waits there is woken, and told that it is over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Halted(Exception):
    """The work was ended before it was done: nothing was changed."""


class Halt:
    """Asked by whoever works, called by whoever wants it to end."""

    def __init__(self) -> None:
        self._over = Event()
        self._lock = Lock()
        self._enders: list[Callable[[], None]] = []

    @property
    def is_over(self) -> bool:
        """Whether it was called."""
        return self._over.is_set()

    def call(self) -> None:
        """End all that is at work, and whatever begins from now on."""
        self._over.set()
        with self._lock:
            enders = tuple(self._enders)
        for end in enders:
            end()

    @contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """Have something called, in another thread, when it is to end during this block; at once if it is over."""
        with self._lock:
            self._enders.append(end)
        if self.is_over:
            end()
        try:
            yield
        finally:
            with self._lock:
                self._enders.remove(end)

    def check(self) -> None:
        """Raise Halted if it is over."""
        if self.is_over:
            raise Halted
