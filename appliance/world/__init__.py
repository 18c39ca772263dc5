"""Doors: each touches one kind of outside thing and holds no policy."""
