"""Consent by child and scope, locks, retention and deletion with certificates."""
