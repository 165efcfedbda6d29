"""Addresses of resources: below the public URL, where the settings name one."""

from fastapi import Request

from web.opened import opened_of


def place_of_resource(request: Request, endpoint: str, resource: str = "") -> str:
    public = opened_of(request).settings.public_url
    base = (public or str(request.base_url)).rstrip("/")
    return "/".join(part for part in (f"{base}/scim/v2", endpoint, resource) if part)
