"""The finder hears what devices say of themselves, and believes nothing that could harm."""
