"""Studies over history: many whole series at once."""
