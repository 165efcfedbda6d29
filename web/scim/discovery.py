"""Discovery (RFC 7644, 4): what this service offers, which resources it has, and their attributes."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from scim2_models import Context, ListResponse, Meta, NotFoundException, ResourceType, Schema, ServiceProviderConfig

from web.callers import provisioner
from web.scim.errors import MEDIA_TYPE
from web.scim.models import PROVIDER
from web.scim.places import place_of_resource

router = APIRouter(dependencies=[Depends(provisioner)])


@router.get("/ServiceProviderConfig")
async def read_config(request: Request) -> JSONResponse:
    return _answer(_placed(request, PROVIDER.config, "ServiceProviderConfig"))


@router.get("/ResourceTypes")
async def list_resource_types(request: Request) -> JSONResponse:
    return _listed(
        ListResponse[ResourceType], [_placed(request, one, "ResourceTypes") for one in PROVIDER.resource_types]
    )


@router.get("/ResourceTypes/{name}")
async def read_resource_type(request: Request, name: str) -> JSONResponse:
    return _answer(_placed(request, _find(PROVIDER.resource_types, name), "ResourceTypes"))


@router.get("/Schemas")
async def list_schemas(request: Request) -> JSONResponse:
    return _listed(ListResponse[Schema], [_placed(request, one, "Schemas") for one in PROVIDER.schemas])


@router.get("/Schemas/{urn}")
async def read_schema(request: Request, urn: str) -> JSONResponse:
    return _answer(_placed(request, _find(PROVIDER.schemas, urn), "Schemas"))


def _find(ones: Any, name: str) -> Any:
    for one in ones:
        if one.id == name:
            return one
    raise NotFoundException


def _placed(request: Request, one: Any, endpoint: str) -> Any:
    kind = type(one).__name__
    where = place_of_resource(request, endpoint, "" if isinstance(one, ServiceProviderConfig) else one.id)
    return one.model_copy(update={"meta": Meta(resource_type=kind, location=where)})


def _answer(one: Any) -> JSONResponse:
    return JSONResponse(one.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE), media_type=MEDIA_TYPE)


def _listed(form: Any, ones: list[Any]) -> JSONResponse:
    return _answer(form(total_results=len(ones), start_index=1, items_per_page=len(ones), resources=ones))
