"""/docs: Swagger UI from the wheel, under a policy that lets nothing run but its own files, and without network."""

from functools import cache, partial
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse

# What Swagger UI draws with is data: images; what it lays out with it sets by script, which no policy forbids.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Implementation Ledger</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# A token that is typed in is forgotten with the page: nothing is kept in the browser.
_START: Final = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#documentation", deepLinking: true, filter: true, displayRequestDuration: true,
  tryItOutEnabled: true, persistAuthorization: false, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""
_JAVASCRIPT: Final = "text/javascript; charset=utf-8"
_FILES: Final = {
    "swagger-ui-bundle.js": _JAVASCRIPT,
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


@cache
def _file(name: str) -> bytes:
    return files("fastapi_swagger.resources").joinpath(name).read_bytes()


def _shown(name: str, media_type: str) -> Response:
    return Response(_file(name), headers={"Cache-Control": "public, max-age=86400"}, media_type=media_type)


def install(app: FastAPI) -> None:
    """Show the documentation at /docs, and lead there from /."""

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("docs")

    @app.get("/docs", include_in_schema=False)
    async def page() -> Response:
        return Response(_PAGE, headers={"Content-Security-Policy": _POLICY}, media_type="text/html; charset=utf-8")

    @app.get("/docs/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(_START, media_type=_JAVASCRIPT)

    for name, media_type in _FILES.items():
        app.add_api_route(f"/docs/{name}", partial(_shown, name, media_type), include_in_schema=False)
