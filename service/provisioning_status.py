"""What became of the identity provider's changes: those that wait, those that were refused and why, and the last runs."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import access
from domain.access import Action, Caller
from domain.findings import Finding
from domain.values import EmployeeId, Frozen, Moment
from service.relations import administrator_relations, relations_to_company, require_hr
from storage import provisioning_runs
from storage.database import read_transaction
from storage.people import names_of
from storage.provisioned import Resource
from storage.provisioning_runs import Run
from texts.findings import FindingDocument, documents_of


class RefusedResource(Frozen):
    """A user whose last change was not applied. `user_name` is the provider's name of it."""

    resource: str
    user_name: str
    employee: EmployeeId | None
    findings: tuple[FindingDocument, ...]


class ProvisioningRun(Frozen):
    """A comparison with the directory. `instruction` None: the directory agreed already, or everything was refused."""

    compared_at: Moment
    actor: EmployeeId
    instruction: str | None
    resource_count: int
    refused_count: int


class ProvisioningStatus(Frozen):
    """`pending_since`: the first change that was not compared yet; runs the newest first."""

    pending_count: int
    pending_since: Moment | None
    refusals: tuple[RefusedResource, ...]
    runs: tuple[ProvisioningRun, ...]


async def provisioning_status(engine: AsyncEngine, caller: Caller) -> ProvisioningStatus:
    """For administrators of the directory, HR, auditors and the operator. Raises a `Refusal` for everybody else."""
    async with read_transaction(engine) as connection:
        held = await relations_to_company(connection, caller) | await administrator_relations(connection, caller)
        if not access.may(Action.SEE_PROVISIONING, held):
            await require_hr(connection, caller, Action.SEE_PROVISIONING, only_open=True)
        found = await provisioning_runs.waiting(connection)
        refused = await provisioning_runs.refused(connection)
        runs = await provisioning_runs.latest_runs(connection)
        refusals = [await _refused(connection, one) for one in refused]
    return ProvisioningStatus(
        pending_count=found.pending, pending_since=found.first, refusals=tuple(refusals), runs=tuple(map(_run, runs))
    )


async def _refused(connection: AsyncConnection, one: Resource) -> RefusedResource:
    findings = [Finding.model_validate(form) for form in one.refused or ()]
    concerned = {person for finding in findings for person in finding.concerned}
    names = {str(person): name for person, name in (await names_of(connection, concerned)).items()}
    return RefusedResource(
        resource=one.id,
        user_name=one.attributes["userName"],
        employee=one.employee,
        findings=tuple(documents_of(findings, names)),
    )


def _run(one: Run) -> ProvisioningRun:
    return ProvisioningRun(
        compared_at=one.at,
        actor=EmployeeId(one.actor),
        instruction=one.instruction,
        resource_count=one.resources,
        refused_count=one.refused,
    )
