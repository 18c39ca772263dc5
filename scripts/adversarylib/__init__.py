"""What `scripts/adversary` is made of."""
