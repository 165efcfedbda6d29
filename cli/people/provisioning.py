"""`meguri people scim`: what the identity provider changed by SCIM, what was refused, and applying it now."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import AsJson
from cli.session.output import Exit, print_json, print_line, print_table

if TYPE_CHECKING:
    from cli.session.session import Acting, Reading, Terminal
    from service.provisioning_status import ProvisioningStatus, RefusedResource


def scim(
    *,
    actor: Annotated[str | None, typer.Option("--as", metavar="EMPLOYEE", help="help.option.directory_changer")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="help.option.scim_apply")] = False,
    yes_many: Annotated[bool, typer.Option("--yes-many", help="help.option.yes_many")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="help.option.no_wait")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the identity provider changed and what was refused. With --apply, apply it now."""
    from cli.session.callers import caller_for
    from cli.session.session import acting, reading, run, terminal

    to = terminal(as_json)

    async def look(session: "Reading") -> None:
        from service.provisioning_status import provisioning_status

        _show(await provisioning_status(session.engine, caller_for(actor)), to)

    async def work(session: "Acting") -> Exit:
        from datetime import UTC, datetime, timedelta

        from cli.cycle.steering import report
        from domain.people.provisioned import owned_fields
        from domain.values import Locale
        from service.gathering import Gathering

        gathering = Gathering(
            session.engine,
            session.temporal,
            quiet=timedelta(seconds=to.settings.scim_quiet_seconds),
            owned=owned_fields(to.settings.scim_owns),
            locale=Locale(to.settings.company_locale),
        )
        found = await gathering.apply_now(datetime.now(UTC), caller_for(actor), many_leave=yes_many)
        if found is None or found.instruction is None:
            await look(session)
            return Exit.DONE
        return await report(session, found.instruction, "sync", wait=not no_wait)

    if apply:
        run(to, acting, work)
    else:
        run(to, reading, look)


def _show(found: "ProvisioningStatus", to: "Terminal") -> None:
    if to.as_json:
        print_json(found)
        return
    if found.pending_since:
        to.tell("screen.scim.pending", n=found.pending_count, since=_moment(found.pending_since))
    else:
        to.tell("screen.scim.none")
    for one in found.refusals:
        to.tell("screen.scim.refused", user=one.user_name)
        for line in _sentences(one, to):
            print_line(f"    {line}")
    if found.runs:
        rows = [
            (_moment(one.compared_at), one.actor, one.instruction or "", one.resource_count, one.refused_count)
            for one in found.runs
        ]
        print_table(to.heads("screen.scim.heads"), rows)


def _sentences(one: "RefusedResource", to: "Terminal") -> list[str]:
    return [str(getattr(finding.message, to.locale.value)) for finding in one.findings]


def _moment(at: object) -> str:
    from datetime import datetime

    from domain.people.organisation import DIRECTORY_ZONE
    from texts.dates import moment_text

    return moment_text(at, DIRECTORY_ZONE.key) if isinstance(at, datetime) else ""
