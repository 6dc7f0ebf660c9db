"""Views: parse, call an operation, show. Nothing is decided here."""
