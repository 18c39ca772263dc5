"""Lines of lists, read and weighed."""
