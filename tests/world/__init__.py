"""The doors, tested on the real thing."""
