"""What can be wrong with what the box remembers; each docstring is the sentence that a person is shown."""


class StoreError(Exception):
    """What this box remembers can't be read or changed at the moment."""

    @property
    def sentence(self) -> str:
        """Return what a person is told; `str` adds the file and SQLite's own words, for a log."""
        return (type(self).__doc__ or "").strip()


class Locked(StoreError):
    """Somebody else has been changing this for too long: nothing was changed here, try again in a minute."""


class DiskFull(StoreError):
    """The disk is full: nothing was changed, and nothing can be until there is room."""


class Corrupt(StoreError):
    """The file is damaged: it is left as it is, and an earlier copy can be put back."""


class Newer(StoreError):
    """A newer version of Kindgate wrote this file: update this one, or put the copy from before that update back."""


class Unreachable(StoreError):
    """The file can't be opened, or the disk doesn't read or write it."""


class Gone(StoreError):
    """The file was removed or replaced while it was in use: restart, so that nothing more gets lost."""


class Conflict(StoreError):
    """Somebody changed the house in the meantime: look at it as it is now, then change it again."""


class NameTaken(StoreError):
    """There is a caregiver of this name already."""


class NoCaregiver(StoreError):
    """There is no such caregiver."""


class LastOwner(StoreError):
    """This is the only owner: make somebody else an owner first."""


class Claimed(StoreError):
    """This box has an owner already."""


class TooMany(StoreError):
    """That is a lot of questions for now: wait for an answer to those that are there."""


class Answered(StoreError):
    """Somebody answered this already, or it was taken back."""


class BadCode(StoreError):
    """This code is not known, was used already, or has expired."""
