"""The notices of an event, and when a digest is due."""
