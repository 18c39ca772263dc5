"""Signs of tunnels, calls and swarms."""
