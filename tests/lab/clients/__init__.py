"""What a child's device runs: connections that stay open and tell, a line of JSON each, what becomes of them."""
