"""What the box remembers is never lost, never half written, and never more than may be kept."""
