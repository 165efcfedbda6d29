"""Temporal workflows. They host the domain's lifecycles and decide nothing themselves. Deterministic; no I/O."""
