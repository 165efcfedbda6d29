"""What touches the world on a workflow's behalf. Thin: one activity is one transaction, or one message sent."""
