"""What a gateway keeps over its own end: the file, what stands in it, and when it is written."""
