"""All that this home holds about somebody, gathered from every room, and the zip of it."""
