"""Find a Chromium for the browser tests; fetch one when this machine has none.

In this order: one on the PATH, Playwright's own, Playwright's download, the distribution's package
where that is allowed without asking (root, or sudo without a password).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOAD = (sys.executable, "-m", "playwright", "install")


def found() -> str | None:
    """Return the path of a Chromium that starts on this machine, or None."""
    paths = [path for name in NAMES if (path := shutil.which(name))]
    return next((path for path in [*paths, _playwrights_own()] if _starts(path)), None)


def _playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _starts(path: str) -> bool:
    """Tell whether `path` is a program with all its libraries (a bare download may miss some)."""
    if not Path(path).exists():
        return False
    return subprocess.run((path, "--version"), check=False, capture_output=True).returncode == 0


def fetched() -> str | None:
    """Return the path of a Chromium after trying each way to get one, or None."""
    for command in _ways():
        print("No Chromium here yet. Running:", " ".join(command), flush=True)
        subprocess.run(command, check=False)
        if path := found():
            return path
    return None


def _ways() -> list[tuple[str, ...]]:
    ways: list[tuple[str, ...]] = [(*DOWNLOAD, "chromium")]
    root = _as_root()
    if root is not None and shutil.which("apt-get"):
        ways.append((*root, "apt-get", "update", "-qq"))
        ways.append((*root, "apt-get", "install", "-y", "-qq", "chromium"))
    return ways


def _as_root() -> tuple[str, ...] | None:
    """Return what to put before a command to run it as root without being asked, or None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return ()
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(("sudo", "-n", "true"), check=False, capture_output=True).returncode
    return None if asked else ("sudo", "-n")


if __name__ == "__main__":
    browser = found() or fetched()
    if browser is None:
        sys.exit("The browser tests need a Chromium: install one (for example `chromium`).")
    print("Browser:", browser)
