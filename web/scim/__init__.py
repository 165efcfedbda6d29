"""SCIM 2.0 (RFC 7643, RFC 7644) at `/scim/v2`: an identity provider keeps the people and departments of the directory.

An application of its own, below the other one: its errors, its discovery and its media type are SCIM's.
"""

from fastapi import FastAPI

from web.opened import Opened
from web.scim import discovery, errors, resources

PATH = "/scim/v2"


def make_scim_app(opened: Opened) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.opened = opened
    errors.install(app)
    app.include_router(discovery.router)
    app.include_router(resources.router)
    return app
