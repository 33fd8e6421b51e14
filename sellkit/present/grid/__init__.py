"""A table for notebooks that changes in place, and what tells its time in the browser."""
