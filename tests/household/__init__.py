"""A change is remembered and published whole, or not at all and said so."""
