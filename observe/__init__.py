"""Lessons observed on video with a shared rubric: one strength and one priority an educator."""

__version__ = "0.1.0"
