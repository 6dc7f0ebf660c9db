"""Feedback: exactly one strength and one priority, each with a moment of her own video."""
