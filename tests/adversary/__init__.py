"""A fair adversary: what a clever teenager tries against the box, and what innocent evenings look like to it."""
