"""Faces found, followed and made unrecognisable, and the person who looks at it."""
