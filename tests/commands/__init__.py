"""What stands behind each command, called as a person calls it."""
