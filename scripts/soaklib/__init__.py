"""Runs a nameserver under load for long, while what it decides by changes, and judges what came of it."""
