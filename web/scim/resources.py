"""Users and groups: create, read, list, search, replace, patch, delete (RFC 7644, 3)."""

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from scim2_models import (
    Context,
    InvalidFilterException,
    InvalidSyntaxException,
    InvalidValueException,
    Meta,
)

from domain.people.wanted import ResourceKind
from service.provisioning import Attributes
from storage.provisioned import Resource
from web.callers import Provisioner
from web.opened import opened_of
from web.scim.errors import MEDIA_TYPE
from web.scim.filters import narrowed
from web.scim.models import FORMS, FOUND_OF_ALL, MOST_RESULTS, POLICY, SEARCH_ALL
from web.scim.places import place_of_resource
from web.scim.shapes import in_scims_form

router = APIRouter()
_LONGEST_FILTER = 4_000  # characters
_OWN = {"id", "meta"}  # attributes that are made for each answer


def _routes(kind: ResourceKind) -> None:
    """The routes of one kind."""
    endpoint = f"/{kind}s"

    @router.get(endpoint, name=f"list_{kind}s")
    async def list_all(request: Request, caller: Provisioner) -> Response:
        wish = _wish(FORMS[kind].search, dict(request.query_params), Context.DEFAULT)
        return await _found(request, caller, kind, wish)

    @router.post(f"{endpoint}/.search", name=f"search_{kind}s")
    async def search(request: Request, caller: Provisioner) -> Response:
        wish = _wish(FORMS[kind].search, await _body(request), Context.SEARCH_REQUEST)
        return await _found(request, caller, kind, wish)

    @router.post(endpoint, name=f"create_{kind}")
    async def create(request: Request, caller: Provisioner) -> Response:
        given = _read(kind, await _body(request), Context.RESOURCE_CREATION_REQUEST)
        made = await opened_of(request).provisioning.create(caller, kind, _attributes(given), datetime.now(UTC))
        answer = _answer(request, made, Context.RESOURCE_CREATION_RESPONSE, 201)
        answer.headers["Location"] = place_of_resource(request, f"{kind}s", made.id)
        return answer

    @router.get(f"{endpoint}/{{resource}}", name=f"read_{kind}")
    async def read(request: Request, caller: Provisioner, resource: str) -> Response:
        found = await opened_of(request).provisioning.find(caller, kind, resource)
        return _answer(request, found, Context.RESOURCE_QUERY_RESPONSE)

    @router.put(f"{endpoint}/{{resource}}", name=f"replace_{kind}")
    async def replace(request: Request, caller: Provisioner, resource: str) -> Response:
        given = _read(kind, await _body(request), Context.RESOURCE_REPLACEMENT_REQUEST)

        def change(found: Resource) -> Attributes:
            given.replace(_model(found))
            return _attributes(given)

        changed = await opened_of(request).provisioning.change(caller, kind, resource, change, datetime.now(UTC))
        return _answer(request, changed, Context.RESOURCE_REPLACEMENT_RESPONSE)

    @router.patch(f"{endpoint}/{{resource}}", name=f"patch_{kind}")
    async def patch(request: Request, caller: Provisioner, resource: str) -> Response:
        forms = FORMS[kind]
        operations = forms.patch.model_validate(
            in_scims_form(forms.resource, await _body(request)),
            scim_ctx=Context.RESOURCE_PATCH_REQUEST,
            scim_policy=POLICY,
        )

        def change(found: Resource) -> Attributes:
            one = _model(found)
            operations.patch(one, scim_policy=POLICY)
            return _attributes(one)

        changed = await opened_of(request).provisioning.change(caller, kind, resource, change, datetime.now(UTC))
        return _answer(request, changed, Context.RESOURCE_PATCH_RESPONSE)

    @router.delete(f"{endpoint}/{{resource}}", name=f"remove_{kind}")
    async def remove(request: Request, caller: Provisioner, resource: str) -> Response:
        await opened_of(request).provisioning.remove(caller, kind, resource, datetime.now(UTC))
        return Response(status_code=204)


for _kind in ResourceKind:
    _routes(_kind)


@router.post("/.search", name="search_all")
async def search_all(request: Request, caller: Provisioner) -> Response:
    """Users and groups together; reads all of them."""
    wish = _wish(SEARCH_ALL, await _body(request), Context.SEARCH_REQUEST)
    pages = [await opened_of(request).provisioning.page(caller, kind, having={}) for kind in ResourceKind]
    found = [_whole(request, one) for page in pages for one in page.resources]
    matching = [one for one in found if wish.filter is None or wish.filter.match(one)]
    return _page(wish, FOUND_OF_ALL, len(matching), matching[wish.start_index_0 or 0 :][: _most(wish)])


async def _found(request: Request, caller: Any, kind: ResourceKind, wish: Any) -> Response:
    """The page that the query asks for. A filter for one of the look-up attributes is a look-up; any other one reads all resources."""
    provisioning, first = opened_of(request).provisioning, wish.start_index_0 or 0
    most = _most(wish)
    if wish.filter is None:
        total, stored = await provisioning.page(caller, kind, having={}, offset=first, limit=most)
        page = [_whole(request, one) for one in stored]
    else:
        _, stored = await provisioning.page(caller, kind, having=narrowed(kind, wish.filter.ast))
        matching = [one for one in (_whole(request, each) for each in stored) if wish.filter.match(one)]
        total, page = len(matching), matching[first : first + most]
    return _page(wish, FORMS[kind].found, total, page)


def _wish(form: Any, given: dict[str, Any], context: Context) -> Any:
    """What is searched for. Reading a filter takes a time that grows with it, and other requests wait meanwhile."""
    if len(str(given.get("filter", ""))) > _LONGEST_FILTER:
        raise InvalidFilterException
    return form.model_validate(given, scim_ctx=context, scim_policy=POLICY)


def _most(wish: Any) -> int:
    return MOST_RESULTS if wish.count is None else min(wish.count, MOST_RESULTS)


def _page(wish: Any, form: Any, total: int, page: list[Any]) -> Response:
    first = (wish.start_index_0 or 0) + 1
    found = form(total_results=total, start_index=first, items_per_page=len(page), resources=page)
    document = found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wish)
    return JSONResponse(document, media_type=MEDIA_TYPE)


async def _body(request: Request) -> Any:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InvalidSyntaxException from error
    if not isinstance(body, dict):
        raise InvalidSyntaxException
    try:
        if "\\u0000" in json.dumps(body) or not json.dumps(body, ensure_ascii=False).encode():
            raise InvalidValueException  # PostgreSQL stores no NUL
    except UnicodeEncodeError as error:  # half of a character
        raise InvalidValueException from error
    return body


def _read(kind: ResourceKind, body: Any, context: Context) -> Any:
    return FORMS[kind].resource.model_validate(
        in_scims_form(FORMS[kind].resource, body), scim_ctx=context, scim_policy=POLICY
    )


def _attributes(one: Any) -> Attributes:
    """What is stored."""
    form: Attributes = one.model_dump(scim_ctx=Context.DEFAULT)
    return {name: value for name, value in form.items() if name not in _OWN}


def _model(one: Resource) -> Any:
    return FORMS[ResourceKind(one.kind)].resource.model_validate({**one.attributes, "id": one.id}, scim_policy=POLICY)


def _whole(request: Request, one: Resource) -> Any:
    model = _model(one)
    model.meta = Meta(
        resource_type=one.kind,
        created=one.made_at,
        last_modified=one.changed_at,
        location=place_of_resource(request, f"{one.kind}s", one.id),
    )
    return model


def _answer(request: Request, one: Resource, context: Context, status: int = 200) -> Response:
    given = {
        name: request.query_params[name]
        for name in ("attributes", "excludedAttributes")
        if name in request.query_params
    }
    wish = FORMS[ResourceKind(one.kind)].parameters.model_validate(given, scim_policy=POLICY)
    form = _whole(request, one).model_dump(scim_ctx=context, response_parameters=wish)
    return JSONResponse(form, status, media_type=MEDIA_TYPE)
