"""What a caregiver says becomes the house: checked, remembered with who said it, and published to the daemons."""

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from appliance.core.document import Path as Place
from appliance.core.house import House, problems
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import Reason
from appliance.store.audit import Entry
from appliance.store.errors import DiskFull, Locked, StoreError, Unreachable
from appliance.store.house import REPLACED, HouseStore
from appliance.store.requests import Answer, TakenBack
from appliance.world import clock
from appliance.world.snapshot import Publish, Snapshot, SnapshotError, load_snapshot, publishing

BOX = "box"
"""Who made a change that no caregiver made."""
TAKEN_OVER = Reason("house_taken_over")
_MEANING: dict[int | None, type[StoreError]] = {errno.ENOSPC: DiskFull, errno.EAGAIN: Locked}


class NotValid(ValueError):
    """This can't be a house: each problem is a place and its words."""

    def __init__(self, found: list[tuple[Place, str]]) -> None:
        super().__init__("; ".join(words for _, words in found))
        self.found = found


class Unpublished(Exception):
    """This is saved and not lost, but it can't take effect yet: the box's disk does not take it."""


class Said(msgspec.Struct, frozen=True):
    """A change that is remembered and published. Without an entry nothing differed."""

    snapshot: Snapshot
    entry: Entry | None


class Household:
    """The house of one data folder, to look at and to change; thread-safe, and shared with other processes."""

    def __init__(self, data: Path, rulebook: Rulebook) -> None:
        """Open what is remembered. Raises StoreError."""
        self.data = data
        self.store = HouseStore(data)
        self._rulebook = rulebook

    def close(self) -> None:
        """Close what is remembered."""
        self.store.close()

    def current(self) -> House:
        """Return the house as it was last saved. Raises StoreError."""
        return self.store.current()[1]

    def say(
        self,
        who: str,
        what: Reason,
        mutate: Callable[[House], House],
        at: float,
        *,
        base: int | None = None,
        answer: Answer | TakenBack | None = None,
    ) -> Said:
        """Make the house what `mutate` makes of it, and publish it; with `answer` a request is answered by that.

        Raises NotValid, HouseError and StoreError (then nothing was changed), Unpublished, and whatever `mutate` does.
        """

        def checked(before: House) -> House:
            after = mutate(before)
            # What was wrong before, by an update perhaps, must not stand in the way of another change.
            old = {words for _, words in self._problems(before)}
            fresh = [problem for problem in self._problems(after) if problem[1] not in old]
            if fresh:
                raise NotValid(fresh)
            return after

        with _publishing(self.data) as publish:
            self._take_over(at)
            changed = self.store.change(who, what, checked, at, base=base, answer=answer)
            return Said(self._publish(publish, changed.house, changed.revision), changed.entry)

    def replace(self, who: str, house: House, at: float) -> Said:
        """Put a whole house in place of the one there is; accounts, audit and found devices stay."""
        return self.say(who, REPLACED, lambda _: house, at)

    def catch_up(self, at: float) -> Snapshot | None:
        """Publish what was saved and not published, take over what was published and not saved; None in a new box.

        Raises StoreError, SnapshotError and Unpublished.
        """
        with publishing(self.data) as publish:
            self._take_over(at)
            revision, house = self.store.current()
            return self._publish(publish, house, revision) if revision else None

    def _take_over(self, at: float) -> None:
        """Remember a published house that is newer than what is remembered: house.db is new, or an old one put back."""
        loaded = load_snapshot(self.data).snapshot
        if loaded is not None and loaded.revision > self.store.current()[0]:
            self.store.change(BOX, TAKEN_OVER, lambda _: loaded.house, at, above=loaded.revision - 1)

    def _problems(self, house: House) -> Iterator[tuple[Place, str]]:
        book = self._rulebook
        yield from problems(house, book.known)
        try:
            clock.zone(house.time_zone)
        except clock.UnknownZone as error:
            yield ("time_zone",), str(error)

    @staticmethod
    def _publish(publish: Publish, house: House, revision: int) -> Snapshot:
        try:
            return publish(house, revision)
        except SnapshotError as error:
            raise Unpublished(str(error)) from error


@contextmanager
def _publishing(data: Path) -> Iterator[Publish]:
    """Hold the right to publish. Raises StoreError where the disk doesn't give it: nothing was changed then."""
    with ExitStack() as held:
        try:
            publish = held.enter_context(publishing(data))
        except SnapshotError as error:
            why = getattr(error.__cause__, "errno", None)
            raise _MEANING.get(why, Unreachable)(str(error)) from error
        yield publish
