"""Coding: a lesson cut into cycles, each dimension scored in each, with evidence."""
