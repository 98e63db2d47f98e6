"""Whether the server lives, whether it is ready, and its figures for Prometheus."""

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.http import openapi
from api.http.gate import Gate, as_answer
from api.http.queries import Nothing
from application.access import Sight
from application.ports import View


class Figures:
    """What is counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("ledger_requests_total", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "ledger_request_seconds", "Time to answer, in seconds", ("method", "route"), registry=self.registry
        )
        self.position = Gauge("ledger_position", "Position of the last entry", registry=self.registry)
        self.signed = Gauge("ledger_signed_size", "Entries under the last signed checkpoint", registry=self.registry)
        self.published = Gauge(
            "ledger_published_size", "Entries under the published checkpoint", registry=self.registry
        )
        self.read_only = Gauge("ledger_read_only", "Whether nothing can be recorded", registry=self.registry)
        self.failing = Gauge("ledger_sealing_fails", "Whether the last sealing failed", registry=self.registry)
        self.cosigned = Gauge("ledger_cosigned_size", "Entries under the last cosigned head", registry=self.registry)
        self.cosigned_age = Gauge(
            "ledger_cosigned_age_seconds", "Age of the last cosigned checkpoint", registry=self.registry
        )
        self.stamped = Gauge("ledger_timestamped_size", "Entries under the last timestamp", registry=self.registry)
        self.stamped_age = Gauge("ledger_timestamp_age_seconds", "Age of the last timestamp", registry=self.registry)
        self.stamping_fails = Gauge(
            "ledger_timestamping_fails", "Whether the last timestamp asked for was not given", registry=self.registry
        )
        self.waiting = Gauge("ledger_waiting_commands", "Commands that wait to be recorded", registry=self.registry)
        self._answers = cache(self._answers_of)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer, and how long it took."""
        answers, times = self._answers(method, route, status)
        answers.inc()
        times.observe(seconds)

    def _answers_of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(method, route, status), self.seconds.labels(method, route)


def routes(gate: Gate, figures: Figures) -> APIRouter:
    """Give the routes of health and metrics."""
    router = APIRouter(tags=["operation"])
    services = gate.services

    @router.get("/health/live", **openapi.open_reading("The process answers", "Health"))
    async def live(_: Annotated[Nothing, Query()]) -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", **openapi.open_reading("The ledger can be read and written", "Ready"))
    async def ready(_: Annotated[Nothing, Query()]) -> Response:
        def look() -> dict[str, Any]:
            services.ready()
            services.log.read_only.check()
            with services.view() as view:
                head = view.head.log_size
            log = services.log.standing()
            replica = services.replica and {"position": services.replica.look()}
            return {"status": "ready", "position": head, "version": services.version, "log": log, "replica": replica}

        body = await gate.in_thread(look)
        return as_answer(body, body["position"])

    @router.get("/metrics", **openapi.metrics())
    async def metrics(request: Request, _query: Annotated[Nothing, Query()]) -> Response:
        def look(view: View, _sight: Sight) -> int:
            return view.head.log_size

        _, head = await gate.read(request, look)
        figures.position.set(head)
        figures.waiting.set(services.writer.waiting)
        log = await gate.in_thread(services.log.standing)
        figures.signed.set(log["signed"] or 0)
        figures.published.set(log["published"] or 0)
        figures.failing.set(log["failing"] is not None)
        if log["witnesses"] is not None:
            figures.cosigned.set(log["witnesses"]["cosigned"] or 0)
            age = log["witnesses"]["age_seconds"]
            figures.cosigned_age.set(float("inf") if age is None else age)
        if log["timestamps"] is not None:
            figures.stamped.set(log["timestamps"]["size"] or 0)
            age = log["timestamps"]["age_seconds"]
            figures.stamped_age.set(float("inf") if age is None else age)
            figures.stamping_fails.set(log["timestamps"]["problem"] is not None)
        figures.read_only.set(services.log.read_only.why() is not None)
        return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)

    return router
