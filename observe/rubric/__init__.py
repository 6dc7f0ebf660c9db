"""Rubrics: readable files, checked, frozen by content, every version kept."""
