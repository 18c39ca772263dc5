"""The finder: which devices are on the network, and what they call themselves."""
