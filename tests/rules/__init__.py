"""The bundled rules as data: what they promise, name by name."""
