"""What a browser tells of itself, in two words: enough to know one's own devices again."""

from __future__ import annotations

from typing import Final

# The first that fits: most browsers also name those whose pages they want to be given.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "Chromebook"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def device_of(agent: str) -> str:
    """Return browser and system of a `User-Agent`; empty where neither is known.

    Nothing else of it is kept: versions and models would tell more of a person than she needs.

    >>> device_of("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/126 Safari/537 Edg/126")
    'Edge · Windows'
    >>> device_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17 Safari/604")
    'Safari · iPhone'
    >>> device_of("curl/8.0")
    ''
    """
    named = (_first(agent, _BROWSERS), _first(agent, _SYSTEMS))
    return " · ".join(word for word in named if word)


def _first(agent: str, known: tuple[tuple[str, str], ...]) -> str:
    return next((word for mark, word in known if mark in agent), "")
