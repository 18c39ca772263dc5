"""Feeds the parsers of what comes from the network, and the way of an answer, with octets that look for trouble."""
