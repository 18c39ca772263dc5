"""Flows: from the first packets of a conversation to its name and its signs."""
