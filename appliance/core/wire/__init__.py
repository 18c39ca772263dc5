"""Bytes from the network: a value, NEED_MORE or WireError, never anything else."""
