"""The organisation: employees and their managers, and the file from which they are read."""
