"""The background work that makes a lesson of the files that were given."""
