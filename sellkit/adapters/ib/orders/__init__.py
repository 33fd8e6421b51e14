"""Orders: what the wire tells of them, and the one way by which they go out."""
