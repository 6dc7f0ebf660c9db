"""The command line: the same operations and the same policy as the pages, for scripts and bulk."""

from __future__ import annotations

from observe.cli import (
    backup,
    coding,
    doctor,
    export,
    feedback,
    feedback_due,
    home,
    mail,
    observations,
    people,
    privacy,
    rights,
    rubric,
    rubric_files,
    rubric_print,
    schools,
    serve,
    takeaway,
    video,
    video_info,
    video_media,
)
from observe.cli.program import main

__all__ = [
    "backup",
    "coding",
    "doctor",
    "export",
    "feedback",
    "feedback_due",
    "home",
    "mail",
    "main",
    "observations",
    "people",
    "privacy",
    "rights",
    "rubric",
    "rubric_files",
    "rubric_print",
    "schools",
    "serve",
    "takeaway",
    "video",
    "video_info",
    "video_media",
]
