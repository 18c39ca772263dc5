"""The packet inspector of gateway mode: decides new connections, ends those that a rule forbids."""
