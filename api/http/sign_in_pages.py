"""Plain pages that people see when they sign in or out."""

import html
from base64 import b64encode
from hashlib import sha256
from typing import Final

from fastapi import Response

_STYLE: Final = "main{max-width:40rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif}"
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def page(title: str, *paragraphs: str, more: str = "", status: int = 200, leads_to: str = "") -> Response:
    """Give a page: *paragraphs* are text, *more* is HTML, and *leads_to* is where its form may lead besides here."""
    said = "".join(f"<p>{html.escape(each)}</p>" for each in paragraphs)
    content = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<main><h1>{html.escape(title)}</h1>{said}{more}</main></html>"
    )
    headers = {
        "Content-Security-Policy": f"{_POLICY} {leads_to}".strip(),
        "Cache-Control": "no-store",
        # Without any referrer a browser would hide the origin of a form, too.
        "Referrer-Policy": "same-origin",
    }
    return Response(content, status, headers=headers, media_type="text/html; charset=utf-8")


def link(address: str, text: str) -> str:
    """Give a link in a paragraph of its own."""
    return f'<p><a href="{html.escape(address)}">{html.escape(text)}</a></p>'


def sign_out_form(form_token: str) -> str:
    """Give the button that signs out."""
    return (
        f'<form method="post" action="/auth/logout"><input type="hidden" name="csrf_token" value="{form_token}">'
        "<button>Sign out</button></form>"
    )
