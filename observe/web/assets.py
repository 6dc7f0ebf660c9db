"""Own scripts and styles, under an address that changes with their content."""

from __future__ import annotations

import hashlib
import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Final

from flask import Flask, Response, send_from_directory, url_for

from observe.people.access import not_found
from observe.web.guards import public

_IMPORT: Final = re.compile(r'^(?:import|export) (?:[^;"]* from )?"(\.[^"]+)";', re.MULTILINE)
STATIC: Final = Path(__file__).parent / "static"
# Not guessed from the machine: Windows' registry has called scripts plain text.
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}


def install(app: Flask) -> None:
    """Serve the static tree and give templates `asset('js/x.js')` and `modules('js/x.js')`."""
    stamp = tree_hash(STATIC)
    scripts = {
        path.relative_to(STATIC).as_posix(): bare(path.read_text(encoding="utf-8"))
        for path in STATIC.rglob("*.js")
    }

    @public
    def assets(tree: str, path: str) -> Response:
        """Send one own file; kept by browsers for ever under the address of its content."""
        kind = TYPES.get(Path(path).suffix)
        if kind is None:
            raise not_found()
        if path in scripts:
            answer = Response(scripts[path], mimetype=kind)
        else:
            answer = send_from_directory(STATIC, path, mimetype=kind)
        answer.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if tree == stamp else "no-cache"
        )
        return answer

    def asset(path: str) -> str:
        return url_for("assets", tree=stamp, path=path)

    @cache
    def modules(path: str) -> tuple[str, ...]:
        return imported_by(STATIC, path)

    app.add_url_rule("/assets/<tree>/<path:path>", "assets", assets)
    app.jinja_env.globals.update(asset=asset, modules=modules)


def bare(script: str) -> str:
    r"""Return a script without the lines that are comment alone, and without its indentation.

    A third of our scripts is said to people. Only whole lines go, so that no string can be hurt.

    >>> bare("/**\n * Adds.\n */\n  // why\n  a = 1; // stays\n")
    'a = 1; // stays'
    """
    kept: list[str] = []
    inside = False
    for line in map(str.strip, script.splitlines()):
        closed = line.find("*/")
        if inside or (line.startswith("/*") and closed in (-1, len(line) - 2)):
            inside = closed < 0
        elif line and not line.startswith("//"):
            kept.append(line)  # also what stands behind a type: `/** @type {X} */ (made)`
    return "\n".join(kept)


def imported_by(root: Path, path: str) -> tuple[str, ...]:
    """Return every module that the one at `path` needs at its start, itself left out.

    A page that names them lets the browser ask for all at once instead of level by level.
    """
    found: dict[str, None] = {}
    waiting = [path]
    while waiting:
        module = waiting.pop()
        text = (root / module).read_text(encoding="utf-8")
        for name in _IMPORT.findall(text):
            needed = posixpath.normpath(posixpath.join(posixpath.dirname(module), name))
            if needed not in found and needed != path:
                found[needed] = None
                waiting.append(needed)
    return tuple(found)


def tree_hash(root: Path) -> str:
    """Return a short hash over names and contents of all files under `root`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
