"""How a refusal is sent through Temporal: as an `ApplicationError` whose type is its code."""

from temporalio.exceptions import ApplicationError

from domain.problems import invalid
from domain.refusals import Code, Refusal

__all__ = ["as_application_error", "as_refusal", "invalid"]


def as_application_error(refusal: Refusal) -> ApplicationError:
    """The refusal as an error; its one detail holds the fields of the message."""
    return ApplicationError(str(refusal), refusal.fields, type=refusal.code, non_retryable=True)


def as_refusal(error: ApplicationError) -> Refusal | None:
    """The refusal that `error` carries, or None where it is something else."""
    if error.type not in set(Code):
        return None
    return Refusal.from_json(error.type, error.details[0] if error.details else {})
