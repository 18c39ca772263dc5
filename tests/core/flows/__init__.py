"""Tests of `appliance.core.flows`."""
