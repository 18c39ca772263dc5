"""Tests of `appliance.steward.lists`."""
