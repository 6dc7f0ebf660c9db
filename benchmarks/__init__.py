"""Measurements that a person asks for; `make bench` prints them as a table."""
