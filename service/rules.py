"""The rules of a cycle as they are now: the one place that says which of the stored policies holds."""

from domain.policy.policy import Policy
from storage.tables import CycleRow


def rules_of(cycle: CycleRow) -> Policy:
    """As HR last amended them for the whole cycle; before that, as they were launched. Single goals may have rules of their own."""
    return Policy.model_validate(cycle.policy_now or cycle.policy)
