"""The life of an order: from the client's message to the fill, and what it leaves in the books."""
