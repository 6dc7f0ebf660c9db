"""`python -m observe.cli`: how the supervisor starts its children anywhere."""

from __future__ import annotations

from observe.cli import main

if __name__ == "__main__":
    main()
