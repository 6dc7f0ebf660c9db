"""Observe lessons on video with a shared rubric; give each educator one strength and one priority."""

__version__ = "0.1.0"
