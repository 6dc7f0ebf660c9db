"""The kinds of what is kept and of what is certified. Pure."""

from __future__ import annotations

import enum


class Kept(enum.StrEnum):
    """A kind of data that has a rule of its own for how long it is kept."""

    VIDEO = "video"
    UNUSED_VIDEO = "unused_video"  # whose feedback was never published
    CLIPS = "clips"
    NAMES = "names"
    EDUCATORS = "educators"
    COPIES = "copies"


class CertificateKind(enum.StrEnum):
    """What a certificate tells of."""

    REVOKED = "revoked"
    VIDEO_DELETED = "video_deleted"
    CLIPS_DELETED = "clips_deleted"
    COPIES_DELETED = "copies_deleted"  # of the database, made before upgrades
    NAMES_DELETED = "names_deleted"
    PSEUDONYMISED = "pseudonymised"
