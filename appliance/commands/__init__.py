"""What stands behind each command of `kindgate`."""
