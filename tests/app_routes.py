"""Every route of an app, as `application/doors.py` names them."""

from fastapi import FastAPI


def routes(app: FastAPI) -> set[str]:
    found = [
        each for route in app.routes for each in getattr(getattr(route, "original_router", None), "routes", [route])
    ]
    return {
        f"{method} {getattr(each, 'path_format', each.path)}"
        for each in found
        for method in each.methods or ()
        if method != "HEAD"
    }
