"""Who of HR a goal asks: those of a part of the company before those of the cycle, and nobody who has left."""

from domain.people.organisation import Organisation
from domain.people.posts import Post
from domain.policy.policy import HrOfPart, Policy
from domain.values import EmployeeId


def part_hr(
    owner: EmployeeId, organisation: Organisation, hr_of: tuple[HrOfPart, ...], post: Post | None = None
) -> tuple[EmployeeId, ...]:
    """HR of the part to which the owner's goals belong, for the goals of `post` if given (an additional one).

    The nearest part counts: the department of the post, those above it, then the owner's company. The owner and people who do not
    work here are left out. Empty: the HR of the cycle is asked.
    """
    person = organisation.employees.get(owner)
    if not hr_of or person is None:
        return ()
    known = organisation.departments
    of_department = {known.current(one.department): one.people for one in hr_of if one.department}
    of_company = {one.company: one.people for one in hr_of if one.company}
    path = known.path(post.department if post else person.department)
    nearest = next((of_department[name] for name in path if name in of_department), None)
    people = of_company.get(person.company or "", ()) if nearest is None else nearest
    return tuple(one for one in people if one != owner and _works_here(one, organisation))


def hr_left(policy: Policy, organisation: Organisation) -> tuple[EmployeeId, ...]:
    """HR of the cycle who do not work here any more."""
    found = (organisation.employees.get(one) for one in policy.hr)
    return tuple(one.id for one in found if one and not one.active)


def _works_here(person: EmployeeId, organisation: Organisation) -> bool:
    found = organisation.employees.get(person)
    return found is not None and found.active
