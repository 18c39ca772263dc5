"""What well-known lists close of the sites that should stay open."""
