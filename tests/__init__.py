"""The tests of observe."""
