"""Feeds the inspector's parsers with octets that look for trouble."""
