"""Long, seeded runs that break things on purpose; a few of each run with every test."""
