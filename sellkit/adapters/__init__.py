"""The outside world: one adapter for each port, each the only home of its library."""
