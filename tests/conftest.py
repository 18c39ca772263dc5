"""Properties are tried as often everywhere, and no slow machine fails one."""

from hypothesis import settings

settings.register_profile("kindgate", max_examples=100, deadline=None)
settings.load_profile("kindgate")
