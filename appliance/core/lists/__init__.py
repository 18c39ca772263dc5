"""Lists of names that others keep: reading every syntax, one file of a million names, and which of two rules wins."""
