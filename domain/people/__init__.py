"""Who works here and who leads whom, and reading that from a file."""
