"""How a refusal is sent through Temporal: as an `ApplicationError` whose type is its code."""

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

from domain.messages import message
from domain.problems import problems_of
from domain.refusals import Code, Refusal

_MOST = 5  # problems named at once


def as_application_error(refusal: Refusal) -> ApplicationError:
    """The refusal as an error; its one detail holds the fields of the message."""
    return ApplicationError(str(refusal), refusal.fields, type=refusal.code, non_retryable=True)


def as_refusal(error: ApplicationError) -> Refusal | None:
    """The refusal that `error` carries, or None where it is something else."""
    if error.type not in set(Code):
        return None
    return Refusal.from_json(error.type, error.details[0] if error.details else {})


def invalid(error: ValidationError, where: str = "") -> Refusal:
    """What does not fit a model: the places and what is wrong there. `where` is put where the model is one value."""
    found = [
        message("part.finding", where=problem.where or where, finding=problem.message)
        if problem.where or where
        else problem.message
        for problem in problems_of(error)
    ]
    more = message("part.more", n=len(found) - _MOST) if len(found) > _MOST else ""
    return Refusal(Code.INVALID, problems=found[:_MOST], more=more)
