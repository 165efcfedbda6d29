"""What runs on Temporal: lifecycle hosts that decide nothing themselves. Deterministic; no I/O."""
