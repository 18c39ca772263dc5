"""What people and CI run; see README."""
