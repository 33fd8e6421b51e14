"""The rule and everything it needs, pure: no input or output, no clock, no threads."""
