"""The metrics as OpenMetrics text, a family at a time, so that the hub goes on between them."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["CONTENT_TYPE_LATEST", "exposed", "gauge"]
_END = b"# EOF\n"


class _Alone:
    """A registry of one family, as the library's writer wants it."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        """Return the family."""
        yield self._family


def exposed(registry: CollectorRegistry, gauges: Iterable[Metric], pause: Callable[[], None]) -> Iterator[bytes]:
    """Yield the text of all families; `pause` is called behind each."""
    for families in (registry.collect(), gauges):
        for family in families:
            yield generate_latest(_Alone(family)).removesuffix(_END)  # type: ignore[no-untyped-call]
            pause()
    yield _END


def gauge(name: str, text: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    """Return a family of values as they are now, each with its labels' values."""
    family = GaugeMetricFamily(f"agent_{name}", text, labels=labels)
    for named, value in values:
        family.add_metric(named, value)
    return family
