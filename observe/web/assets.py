"""Own scripts and styles, under an address that changes with their content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from flask import Flask, Response, send_from_directory, url_for

from observe.people.access import not_found
from observe.web.guards import public

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
    """Serve the static tree and give templates `asset('js/x.js')`."""
    stamp = tree_hash(STATIC)

    @public
    def assets(tree: str, path: str) -> Response:
        """Send one own file; kept by browsers for ever under the address of its content."""
        kind = TYPES.get(Path(path).suffix)
        if kind is None:
            raise not_found()
        answer = send_from_directory(STATIC, path, mimetype=kind)
        answer.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if tree == stamp else "no-cache"
        )
        return answer

    def asset(path: str) -> str:
        return url_for("assets", tree=stamp, path=path)

    app.add_url_rule("/assets/<tree>/<path:path>", "assets", assets)
    app.jinja_env.globals["asset"] = asset


def tree_hash(root: Path) -> str:
    """Return a short hash over names and contents of all files under `root`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
