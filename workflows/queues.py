"""Task queues, one per kind of urgency: bulk work never delays a person's click (docs/architecture.md)."""

from temporalio.common import Priority

GOALS = "goals"  # goal workflows: people wait for these
BULK = "bulk"  # cycle workflows and their fan-outs
DELIVERY = "delivery"  # notices

BULK_PRIORITY = Priority(priority_key=5)  # Temporal: 1 is most urgent, 3 the default, 5 least
