"""The nameserver, tested by its sockets."""
