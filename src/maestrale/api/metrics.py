"""What `/metrics` shows: requests counted and timed, the process, and the figures of the backend."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from maestrale.api.answers import Answer
from maestrale.api.backend import Backend, Figure
from maestrale.api.call import Call
from maestrale.api.endpoint import Endpoint
from maestrale.engine.shares import Shares, TooManyRequests

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
KNOWN_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"})


class Metrics:
    """The numbers of one application, in a registry of their own: two applications never mix theirs."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "maestrale_http_requests",
            "Requests answered.",
            ("method", "path", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "maestrale_http_request_seconds",
            "How long requests took, streams and long polls included.",
            ("method", "path"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "maestrale_requests_refused",
            "Requests that should come again (429, 503), by the code of the answer.",
            ("reason",),
            registry=self.registry,
        )
        self._in_work = Gauge(
            "maestrale_requests",
            "Requests that are worked on, and that wait for their turn.",
            ("state",),
            registry=self.registry,
        )
        for reason in ("overloaded", TooManyRequests.code):  # So that a first one is seen as an increase.
            self._refusals.labels(reason)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, path: str, status: int, seconds: float) -> None:
        """Take a request into account. `path` is an endpoint's, so that there are few of them."""
        key = (method if method in KNOWN_METHODS else "other", path, status)
        children = self._children.get(key)
        if children is None:
            counter = self._requests.labels(key[0], path, status)
            children = self._children[key] = (counter, self._seconds.labels(key[0], path))
        children[0].inc()
        children[1].observe(seconds)

    def count_refusal(self, reason: str) -> None:
        self._refusals.labels(reason).inc()

    def watch(self, shares: Shares) -> None:
        """Show who has a place, and who waits for one."""
        self._in_work.labels("working").set_function(lambda: shares.taken)
        self._in_work.labels("waiting").set_function(lambda: shares.waiting)

    async def render(self, backend: Backend) -> bytes:
        """The text that Prometheus reads."""
        figures = [_family(figure, await figure.read()) for figure in backend.figures]
        registry = CollectorRegistry()
        registry.register(_Fixed(figures))
        return b"".join(map(generate_latest, (self.registry, *backend.metrics, registry)))

    def endpoint(self) -> Endpoint:
        """`GET /metrics`."""

        async def get_metrics(call: Call) -> Answer:
            return Answer(await self.render(call.backend), content_type=CONTENT_TYPE)

        return Endpoint(
            method="GET",
            path="/metrics",
            summary="Figures for Prometheus",
            tag="operation",
            handler=get_metrics,
            content_type=CONTENT_TYPE,
            result=str,
            needs_identity=False,
        )


class _Fixed(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _family(figure: Figure, value: float | Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily if figure.kind == "gauge" else CounterMetricFamily
    if not isinstance(value, Mapping):
        return family(figure.name, figure.description, value=value)
    metric = family(figure.name, figure.description, labels=(figure.label,))
    for label, number in value.items():
        metric.add_metric((label,), number)
    return metric
