"""What operators ask of the store. Answers are JSON-ready, as `app.office` describes them; times are ISO 8601 UTC.

Each is a few ms with 100,000 calls: it reads a page of an index, never a table (`python -m tests.bench.store`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.leads.queries import call_timeline, latencies, outbox, recent_leads
from app.leads.questions.calls import call, calls
from app.leads.questions.leads import lead, leads
from app.leads.questions.quality import quality
from app.leads.questions.today import today
from app.leads.questions.upkeep import actions, retention, store_status

QUESTIONS: Mapping[str, Callable[..., dict[str, Any]]] = {
    function.__name__: function
    for function in (
        *(today, calls, call, leads, lead, quality, actions, retention, store_status),
        *(call_timeline, recent_leads, outbox, latencies),
    )
}
