"""Kindgate: a DNS filter for the children of one house, on a box of one's own."""
