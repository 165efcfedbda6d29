"""The models of SCIM that Meguri serves: only the attributes that it uses, so that nothing else about people is kept.

Other attributes, such as telephone numbers and passwords, are taken and dropped. The policy takes what Microsoft Entra sends
although RFC 7644 does not have it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Email,
    ETag,
    Extension,
    Filter,
    Group,
    ListResponse,
    Mutability,
    Name,
    Patch,
    PatchOp,
    Reference,
    Required,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)
from scim2_models.resources.resource import AnyExtension
from scim2_models.urn import URN

from domain.people.wanted import ENTERPRISE, ResourceKind

MOST_RESULTS = 200  # of one page

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Manager(ComplexAttribute):
    """The manager. RFC 7643 requires `$ref` as well, which no provider sends."""

    value: Annotated[str | None, CaseExact.true] = None
    ref: Reference["User"] | None = Field(None, serialization_alias="$ref", validation_alias="$ref")  # type: ignore[type-arg]
    display_name: Annotated[str | None, Mutability.read_only] = None


class EnterpriseUser(Extension):
    """Enterprise User"""

    __schema__ = URN(ENTERPRISE)

    employee_number: str | None = None
    department: str | None = None
    manager: Manager | None = None


class User(Resource[AnyExtension]):
    """User Account"""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    title: str | None = None
    preferred_language: str | None = None
    locale: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None


Person = User[EnterpriseUser]


class Forms(NamedTuple):
    """The models of one kind of resource, and of messages about it."""

    resource: Any
    search: Any
    patch: Any
    found: Any
    parameters: Any


FORMS: Mapping[ResourceKind, Forms] = {
    ResourceKind.USER: Forms(
        Person, SearchRequest[Person], PatchOp[Person], ListResponse[Person], ResponseParameters[Person]
    ),
    ResourceKind.GROUP: Forms(
        Group, SearchRequest[Group], PatchOp[Group], ListResponse[Group], ResponseParameters[Group]
    ),
}
SEARCH_ALL: Any = SearchRequest[Person | Group]  # both kinds together
FOUND_OF_ALL: Any = ListResponse[Person | Group]

CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=False),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="API token",
            description="A token of `meguri token create --scope provision`, by an administrator of the directory",
            primary=True,
        )
    ],
)
PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(Person), ResourceType.from_resource(Group)],
    config=CONFIG,
    policy=POLICY,
)
