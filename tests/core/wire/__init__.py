"""Bytes from the network."""
