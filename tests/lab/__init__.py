"""Tests in the lab: homes of network namespaces, with a router, devices and an internet of their own."""
