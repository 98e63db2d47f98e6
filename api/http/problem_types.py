"""What can go wrong, in one table: each type of problem with its status and the page that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Problem:
    """A type of problem: its status and title, and the page that explains it."""

    status: int
    title: str
    explanation: str


PROBLEMS: Final[Mapping[str, Problem]] = {
    "bad-json": Problem(
        400,
        "The body is not JSON that can be recorded",
        "A body must be UTF-8 JSON in which every member name stands once in its object, without lone surrogates, "
        "without NaN or Infinity, and with integers up to 2^53 - 1. Send larger or fractional numbers as text.",
    ),
    "bad-request": Problem(
        400, "This is no HTTP request", "The request does not follow RFC 9112, so that nothing of it can be relied on."
    ),
    "unauthorised": Problem(
        401,
        "A valid token is needed",
        "Send `Authorization: Bearer <token>`. Tokens are made with `ledger token create`; one that was revoked or "
        "has expired is good for nothing. A ledger with LEDGER_PUBLIC_READ lets everybody read what is public.",
    ),
    "not-permitted": Problem(
        403,
        "The caller may not do this",
        "Each token carries one role, and each role may do what the README's table says. While four-eyes is on, "
        "nobody corrects an entry that they recorded themselves, nor publishes it.",
    ),
    "unknown": Problem(
        404,
        "There is no such thing here",
        "Nothing of this name exists, or did not yet exist at the two times asked for, or the token may not see it. "
        "The answer does not tell which.",
    ),
    "method-not-allowed": Problem(
        405, "The method does not fit the address", "The documentation at /docs lists what does."
    ),
    "not-acceptable": Problem(
        406, "The answer does not exist in this format", "Name one of the formats listed in the problem's detail."
    ),
    "request-timeout": Problem(
        408,
        "The request took too long to arrive",
        "Head and body have to be here within the seconds that the detail names (`LEDGER_REQUEST_SECONDS`). Nothing of "
        "the request was recorded. Send it again, at once and whole.",
    ),
    "exists": Problem(
        409,
        "It exists already",
        "A programme's code, a commitment's reference, and an external_id within a history are used once. To change "
        "what is there, record an event or a correction.",
    ),
    "stale-version": Problem(
        412,
        "Something was recorded in between",
        "If-Match names a version that is no longer the last. Read the commitment again, look at what was recorded, "
        "and send the event with the new ETag if it still applies.",
    ),
    "body-too-long": Problem(413, "The body is too long", "A request body may have up to 262,144 bytes."),
    "address-too-long": Problem(
        414,
        "The address is too long",
        "Path and query together may have 8,192 bytes. Ask for less at once.",
    ),
    "unsupported-media-type": Problem(
        415, "The body has the wrong type", "Bodies are `Content-Type: application/json` in UTF-8, not compressed."
    ),
    "invalid": Problem(
        422,
        "Something in the request has the wrong form",
        "`faults` names every wrong field by JSON Pointer (or query parameter by name), with what is wrong and what "
        "would be accepted. Nothing was recorded.",
    ),
    "refused": Problem(
        422,
        "A rule of the ledger refuses this",
        "`rule` names the rule, `entry` the version of the entry that would break it – the new one, or a later one "
        "when something is backdated or corrected – and `accepted` what would be accepted. Nothing was recorded.",
    ),
    "entry-too-long": Problem(
        422,
        "The entry does not fit into the log",
        "An entry takes at most 65,535 bytes in the log. Put long documents elsewhere and record their SHA-256 as "
        "evidence.",
    ),
    "repeated-differently": Problem(
        422,
        "The Idempotency-Key was used with another body",
        "A key stands for one request of one actor to one address. Use a new key for a new request.",
    ),
    "too-many-requests": Problem(
        429,
        "Too many requests",
        "Wait as long as Retry-After says, then repeat the request. `RateLimit-Policy` and `RateLimit` say how many "
        "requests a minute are allowed (without a token, with a token that is refused, or with this token) and how "
        "many are left. Streams, and reports in one format, are limited in how many are given at once.",
    ),
    "head-too-long": Problem(
        431,
        "The head of the request is too long",
        "A head may have 100 headers, and as many bytes as the detail names (`LEDGER_MAX_HEAD_BYTES`).",
    ),
    "not-ready": Problem(
        503,
        "The ledger cannot do this now",
        "It is busy, not migrated, or refuses to write because its clock is behind the last entry. The detail says "
        "which; Retry-After says when to try again.",
    ),
    "read-only": Problem(
        503,
        "The ledger answers questions and records nothing",
        "What is stored is not what was signed, or what was signed is not known any more; so nothing is added to it. "
        "`position` is the first entry that is wrong, as far as that is known. Reading goes on. An operator has to "
        "find out why, put a good backup in place, and let the ledger go on with `ledger recover`.",
    ),
    "irreproducible": Problem(
        500,
        "The issued report is not what it was",
        "An issued report is made again whenever it is asked for and held against the digest in the log. Here they do "
        "not fit: what is kept of it, the read models or the entries were changed behind the ledger's back, or another "
        "software makes other reports. `at` names the first place, `kept` what it said there, `now` what it says now. "
        "`ledger replay --check` and `ledger report check` say more.",
    ),
    "rendering-failed": Problem(
        500,
        "The report could not be laid out",
        "PDF and XLSX are made in a process of their own, with a limit on time and memory. The detail says what ended "
        "it. The report itself is whole: `format=json`, `csv` and `html` have no such limit, and filters make it "
        "shorter. The next report is made by a new process.",
    ),
    "internal": Problem(
        500, "Something went wrong here", "The fault is the server's. Nothing of the request was recorded half."
    ),
}
