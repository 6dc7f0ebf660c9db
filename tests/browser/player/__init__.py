"""Browser tests of the player."""
