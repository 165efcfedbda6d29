"""Whom an event concerns, what to tell them, and when a digest is due."""
