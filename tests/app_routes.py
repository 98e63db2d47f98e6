"""Every route of an app, as `application/doors.py` names them."""

from fastapi import FastAPI
from starlette.routing import Route


def routes(app: FastAPI) -> set[str]:
    found = [
        each for route in app.routes for each in getattr(getattr(route, "original_router", None), "routes", [route])
    ]
    return {
        f"{method} {getattr(each, 'path_format', each.path)}"
        for each in found
        if isinstance(each, Route)  # what answers at an address
        for method in each.methods or ()
        if method != "HEAD"
    }
