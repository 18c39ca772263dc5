"""The daemon that answers DNS."""
