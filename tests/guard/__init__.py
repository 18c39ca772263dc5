"""Tests of the packet inspector."""
