"""Activities: I/O for workflows. Each is thin: one transaction, or one message sent."""
