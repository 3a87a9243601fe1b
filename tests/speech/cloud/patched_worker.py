"""A worker as gunicorn makes it, monkey-patched before all else: many streams at once, and how late its hub ran.

`python -m tests.speech.cloud.patched_worker <settings.json>` prints `{"finals", "answers", "voices", "late_ms", …}`.
"""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402 - after the patch, as under gunicorn
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

from app.speech.cloud_engines import CloudSettings, GoogleStt, GoogleTts, OpenAiLlm, make_speech_link  # noqa: E402
from app.speech.engines import Failed  # noqa: E402
from tests.sidecar.hub import wait_until  # noqa: E402
from tests.speech.cloud.conftest import Events  # noqa: E402

CALLS = 10
SECONDS = 2


def main() -> None:
    """Run the scene."""
    settings = CloudSettings.from_json(sys.argv[1])
    link = make_speech_link(settings)
    link.start()
    wait_until(lambda: link.ready, "the sidecar is ready", 60)
    late_ms = [0.0]
    eventlet.spawn(tick, late_ms)
    heard, said, answered = ([Events() for _ in range(CALLS)] for _ in range(3))
    stt, tts, llm = GoogleStt(link, settings), GoogleTts(link, settings), OpenAiLlm(link, settings)
    turns = [stt.open(("וואטסאפ",), events) for events in heard]
    for _ in range(SECONDS * 50):
        for turn in turns:
            turn.write(bytes(320))
        eventlet.sleep(0.02)
    for turn, speech, answer in zip(turns, said, answered, strict=True):
        turn.finish()
        tts.open("שלום וברכה", speech)
        llm.open([{"role": "user", "content": "שלום"}], answer)
    for events in heard + said + answered:
        events.wait()
    assert link.pid is not None
    orphans = [Events() for _ in range(CALLS)]
    for events in orphans:
        stt.open((), events)
    os.kill(link.pid, signal.SIGKILL)
    failures = [events.wait() for events in orphans]
    wait_until(lambda: link.ready, "the next sidecar is ready", 60)
    report = {
        "finals": [events.heard[-1].text for events in heard if events.heard[-1].is_final],
        "answers": [events.text for events in answered],
        "voice_bytes": [len(events.ulaw) for events in said],
        "failures": [failure.code for failure in failures if isinstance(failure, Failed)],
        "late_ms": max(late_ms),
        "vendors_imported": sorted({"grpc", "openai", "google.cloud"} & set(sys.modules)),
    }
    link.stop()
    print(json.dumps(report, ensure_ascii=False))


def tick(late_ms: list[float]) -> None:
    """Measure the hub as a pacer would feel it."""
    while True:
        due = time.monotonic() + 0.02
        eventlet.sleep(0.02)
        late_ms.append((time.monotonic() - due) * 1000)


if __name__ == "__main__":
    main()
