"""How a refusal travels through Temporal: as an `ApplicationError` whose type is its code."""

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

from domain.refusals import Code, Refusal

_MOST = 5  # problems named at once


def as_application_error(refusal: Refusal) -> ApplicationError:
    """The refusal for the wire; its one detail holds the fields of the message."""
    return ApplicationError(str(refusal), refusal.fields, type=refusal.code, non_retryable=True)


def as_refusal(error: ApplicationError) -> Refusal | None:
    """The refusal that `error` carries, or None where it is something else."""
    if error.type not in set(Code):
        return None
    fields = error.details[0] if error.details else {}
    return Refusal(Code(error.type), **fields)


def invalid(error: ValidationError) -> Refusal:
    """What does not fit a command's model: the place and what is wrong, never the value (it may be a megabyte)."""
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or '-'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:_MOST]
    ]
    more = error.error_count() - len(problems)
    return Refusal(Code.INVALID, problems="; ".join(problems) + (f"; … +{more}" if more > 0 else ""))
