"""The internet of a gateway home: real protocols for every name and address, in one process."""
