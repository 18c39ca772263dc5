"""An example house that names the lab's devices and its forwarder."""

EXAMPLE_HOUSE = """\
# The lab's home: tablet 02:77:00:00:00:10, laptop 02:77:00:00:00:11, forwarder 192.168.77.1 (02:77:00:00:00:01).
version: 1
"""
