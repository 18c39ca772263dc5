"""The parts of `scripts/lab`: a home of network namespaces, its router and its internet. Standard library only."""
