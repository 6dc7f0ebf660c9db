"""Consent by child and scope, deletion with certificates; what people may ask about their data."""
