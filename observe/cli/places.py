"""Folders in which a home must not live: shares and synced folders break the database."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil

from observe.text import Message, message

_SHARES: Final = frozenset({
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs",
    "drvfs", "fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse", "fuse.davfs2",
})  # fmt: skip
_SYNCED: Final = (
    "onedrive", "dropbox", "google drive", "googledrive", "icloud", "mobile documents",
    "cloudstorage", "nextcloud", "owncloud", "my drive", "mi unidad",
)  # fmt: skip


def unsuitable(folder: Path) -> Message | None:
    """Return why a home must not be in `folder`, or None when it may."""
    if any(part.lower().startswith(_SYNCED) for part in folder.parts):
        return message(
            "The folder %(folder)s is synchronised with a cloud, which damages the database. "
            "Choose another with OBSERVE_HOME.",
            folder=str(folder),
        )
    if _file_system(folder) in _SHARES:
        return message(
            "The folder %(folder)s is on a network share, which damages the database. "
            "Choose one on this computer with OBSERVE_HOME.",
            folder=str(folder),
        )
    return None


def _file_system(folder: Path) -> str:
    """Return the type of the file system that holds `folder`, or '' where that is not told."""
    above = [folder, *folder.parents]
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    return next((mounts[path].lower() for path in above if path in mounts), "")
