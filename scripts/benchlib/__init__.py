"""Benchmarks: each a program that prints a table of ratios to a peer, measured in one run."""
