"""What core decides, parsed and proved without a machine."""
