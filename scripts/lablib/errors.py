"""What can go wrong in the lab, as sentences for the person at the terminal."""


class LabError(Exception):
    """The lab could not do what was asked."""
