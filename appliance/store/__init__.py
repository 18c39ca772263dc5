"""What the box remembers: three SQLite files, and the only SQL in the product."""
