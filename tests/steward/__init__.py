"""What the steward gathers is kept as the contract says, shown to whom it says, and lost by no crash."""
