"""What the gateway answers to each request, one module per subject."""
