"""What is wrong with the box at the moment, by codes that a page makes sentences of."""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance.store.errors import Corrupt, DiskFull, StoreError
from appliance.world.state import Args, Problem

DISK_FULL = "disk_full"


class Problems:
    """The open problems; any thread may note and clear."""

    def __init__(self) -> None:
        self._open: dict[str, Args] = {}

    def note(self, code: str, **args: str | float) -> None:
        """Open a problem, or say it anew."""
        self._open = self._open | {code: dict(args)}

    def clear(self, *codes: str) -> None:
        """Close problems; one that isn't open is no error."""
        self._open = {code: args for code, args in self._open.items() if code not in codes}

    def all(self) -> tuple[Problem, ...]:
        """Return the open problems in the order of their codes."""
        return tuple(Problem(code, args) for code, args in sorted(self._open.items()))

    @contextmanager
    def tending(self, file: str) -> Iterator[None]:
        """Note what keeps a file (`ledger`, `journal`) from being used, and that it works again. Raises StoreError."""
        broken, waiting = f"{file}_broken", f"{file}_waiting"
        try:
            yield
        except DiskFull:
            # How full the disk is, is looked at by itself; here it is known that it is.
            if DISK_FULL not in self._open:
                self.note(DISK_FULL, free_bytes=0)
            raise
        except Corrupt:
            self.note(broken)
            raise
        except StoreError as error:
            self.note(waiting, why=type(error).__name__.lower())
            raise
        self.clear(broken, waiting)
