"""An office to look into: a day's calls and leads in memory, answering as `app.office.Office` says."""

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from app.call.shell.audio_file import header
from app.media.codec import encode_ulaw
from app.office import StoreUnavailable
from tests.web.fake_records import AREAS, CALLER, NAMES, NOW, TURNS, at, delivery, lead


class FakeOffice:
    """See `app.office.Office`. `is_down`: the store does not answer. `done` is what was asked to change."""

    development = True

    def __init__(self, folder: Path | None = None) -> None:
        self.is_down = False
        self.done: list[tuple[Any, ...]] = []
        self.asked: list[dict[str, Any]] = []
        self.calls_live: list[dict[str, Any]] = []
        self.happened: dict[str, list[dict[str, Any]]] = {}
        self.count = 0
        self.folder = folder
        self.all_leads = {number: lead(number) for number in range(1, 8)}
        self.all_leads[1] |= {
            "status": "call_back",
            "call_back_at": at(30),
            "call_back": {"when_text": "מחר בעשר", "day": None, "when": at(30), "until": None},
        }
        self.all_leads[2] |= {"status": "call_back", "wants_human": True, "transfer": "no-answer"}
        self.all_leads[3] |= {"deliveries": [delivery(3, "failed_permanently", "HTTP 401 Unauthorized")]}
        self.all_leads[4] |= {"deliveries": [], "whatsapp_requested": True, "whatsapp_not_sent": "landline"}
        self.all_leads[5] |= {"channel": "recording", "recording_url": "https://api.twilio.example/recording"}
        self.all_leads[6] |= {"name": "=1+1", "owner": True, "status": "handled", "phone": "+97239876543"}

    def arrives(self, lead_id: int) -> None:
        """Have a lead's delivery arrive."""
        self.all_leads[lead_id]["deliveries"] = [delivery(lead_id, "delivered")]

    # -- live

    def live(self) -> list[dict[str, Any]]:
        return [dict(call) for call in self.calls_live]

    def changes(self) -> int:
        return self.count

    def events(self, call_sid: str, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        events = [event for event in self.happened.get(call_sid, []) if event["seq"] > after]
        return events, events[-1]["seq"] if events else after

    def knows(self, call_sid: str) -> bool:
        return call_sid in self.happened

    def clock0_epoch_ms(self, call_sid: str) -> int:
        return 0

    def status(self) -> dict[str, Any]:
        return {
            "version": "0.1.0",
            "commit": "abc1234",
            "started_at": at(200),
            "instance": "one",
            "development": self.development,
            "public_base_url": None,
            "engines": {"stt": "google", "stt_fallback": "openai", "llm": "openai", "tts": "google"},
            "children": [
                {"name": "speech", "up": True, "restarts": 0},
                {"name": "store", "up": True, "restarts": 1, "last_end": "killed by SIGKILL"},
            ],
            "engines_down": {},
            "troubles": {},
            "hub_lag_p99_ms": 3,
            "live_calls": len(self.calls_live),
            "max_calls": 120,
            "draining": False,
            "unconfirmed": 0,
            "disk_free_bytes": 12_400_000_000,
        }

    def book(self, call_sid: str) -> bool:
        return True

    def refused(self, why: str) -> None:
        self.done.append(("refused", why))

    def tabs_open(self, count: int) -> None:
        self.tabs = count

    def login_tried(self, result: str) -> None:
        self.logins = [*getattr(self, "logins", []), result]

    def metrics(self) -> Iterator[bytes]:
        yield b"# EOF\n"

    def browser_token(self, call_sid: str) -> str:
        return "token"

    # -- store

    def _ask(self, **question: Any) -> None:
        if self.is_down:
            raise StoreUnavailable("no answer within 2 s")
        self.asked.append(question)

    def today(self, since: str, until: str) -> dict[str, Any]:
        self._ask(since=since, until=until)
        leads = list(self.all_leads.values())
        lists = {
            "call_backs": [one for one in leads if one["status"] == "call_back"],
            "undelivered": [
                one for one in leads if not one["deliveries"] or one["deliveries"][0]["state"] != "delivered"
            ],
            "messages": [one for one in leads if one["channel"] == "recording"],
            "leads": leads,
        }
        totals = {f"{name}_total": len(rows) for name, rows in lists.items()}
        return {**lists, **totals, "calls": 23, "answered": 21, "answer_p50_ms": 812}

    def calls(self, *_: Any, **question: Any) -> dict[str, Any]:
        self._ask(**question)
        outcomes = ("confirmed", "schedule", "goodbye_incomplete", "human", "abandoned", "fault", "whatsapp")
        rows = [
            {
                "call_sid": f"CA{number:032d}",
                "channel": "call" if number != 5 else "browser",
                "started_at": at(number * 31),
                "ended_at": at(number * 31 - 3),
                "from_number": f"+97250{1234567 + number}" if number != 4 else "",
                "name": NAMES[number % len(NAMES)],
                "area": [AREAS[number % len(AREAS)]],
                "budget_max": 1_800_000 + number * 50_000,
                "outcome": outcomes[number % len(outcomes)],
                "end_reason": "stop",
                "turns": 6 + number,
                "answer_p50_ms": 700 + number * 40 if number != 4 else None,
                "flags": [["interrupted"], ["slow", "fallback"], []][number % 3],
                "instance": "one",
            }
            for number in range(1, 9)
        ]
        return {"calls": rows, "next": None if question.get("before") else "cursor"}

    def call(self, call_sid: str) -> dict[str, Any]:
        self._ask(call_sid=call_sid)
        if not call_sid.startswith("CA"):
            return {"known": False}
        found = self.all_leads.get(int(call_sid[2:]))
        is_live = any(call["call_sid"] == call_sid for call in self.calls_live)
        return {
            "known": True,
            "call": {
                "call_sid": call_sid,
                "channel": "call",
                "started_at": at(40),
                "ended_at": None if is_live else at(39.4),
                "from_number": CALLER,
                "outcome": "confirmed",
                "end_reason": "stop",
                "instance": "one",
                "app_version": "0.1.0",
                "engines": {"stt": "google", "llm": "openai", "tts": "google"},
                "audio_state": "" if self.folder is None else "kept",
                "usage": {"stt_ms": 34_000, "tts_chars": 412, "llm_in": 8123, "llm_out": 240, "guesses": 4},
            },
            "turns": TURNS,
            "interruptions": [
                {
                    "n": 1,
                    "turn": 2,
                    "reply": 3,
                    "onset": 16_000,
                    "clear_at": 16_200,
                    "heard_ms": 1240,
                    "speech_ms": 900,
                    "words": "רגע",
                    "verdict": "floor",
                    "verdict_at": 16_700,
                }
            ],
            "slots": {
                "name": {
                    "value": "דנה לוי",
                    "quote": "קוראים לי דנה לוי",
                    "turn": 1,
                    "confidence": 1.0,
                    "confirmed": False,
                },
                "area": {"value": ["חולון"], "quote": "בחולון", "turn": 1, "confidence": 1.0, "confirmed": False},
                "budget_max": {
                    "value": 2_000_000,
                    "quote": "עד 2,000,000 שקל",
                    "turn": 2,
                    "confidence": 0.5,
                    "confirmed": False,
                },
                "phone": {
                    "value": CALLER,
                    "quote": "המספר שלי 050-1234567",
                    "turn": 3,
                    "confidence": 1.0,
                    "confirmed": True,
                },
            },
            "lead": found,
            "deliveries": found["deliveries"] if found else [],
        }

    def leads(self, *_: Any, **question: Any) -> dict[str, Any]:
        self._ask(**question)
        rows = [
            one for one in self.all_leads.values() if not question.get("status") or one["status"] == question["status"]
        ]
        if question.get("before"):
            return {"leads": rows[4:], "next": None}
        return {"leads": rows[:4], "next": "4" if len(rows) > 4 else None}

    def lead(self, lead_id: int) -> dict[str, Any]:
        self._ask(lead=lead_id)
        found = self.all_leads.get(lead_id)
        if found is None:
            return {"known": False}
        slots = self.call(f"CA{lead_id:032d}")["slots"]
        return {**found, "slots_detail": slots}

    def quality(self, since: str, until: str) -> dict[str, Any]:
        self._ask(since=since, until=until)
        days = [
            {
                "day": (NOW - timedelta(days=back)).date().isoformat(),
                "turns": 120 + back,
                "steps": {
                    name: {"count": 120, "p50_ms": p50 + 20 * back, "p95_ms": p50 * 1.9 + 30 * back}
                    for name, p50 in (("answer", 820), ("endpointing", 380), ("asr", 130), ("llm", 240), ("tts", 170))
                },
                "verdicts": {"floor": 6, "resumed": 2 + back, "late_words": 1},
                "fallbacks": back % 3,
                "withdrawn": back % 2,
            }
            for back in range(6, -1, -1)
        ]
        worst = [
            {
                "call_sid": f"CA{number:032d}",
                "number": 3,
                "at": at(number * 90),
                "answer_ms": 3200 - number * 90,
                "caller_text": "עד 2,000,000 שקל בערך",
            }
            for number in range(1, 6)
        ]
        return {"days": days, "worst": worst}

    def actions(self, limit: int = 100) -> list[dict[str, Any]]:
        self._ask(actions=limit)
        return [{"at": at(5), "action": "number_shown", "subject": "050-***4567", "instance": "one"}]

    def retention(self) -> list[dict[str, Any]]:
        self._ask()
        return [
            {"kind": "audio", "keep": "30 days", "oldest": at(60 * 24 * 12), "count": 214},
            {"kind": "words", "keep": "180 days", "oldest": at(60 * 24 * 90), "count": 20_412},
        ]

    def store_status(self) -> dict[str, Any]:
        self._ask()
        return {
            "outbox": {"webhook": {"delivered": 212, "failed_permanently": 1}},
            "outbox_oldest_s": None,
            "unconfirmed": 0,
        }

    def peaks(self, call_sid: str) -> dict[str, Any] | None:
        if self.folder is None:
            return None
        sides = ([int(90 * abs(math.sin(n / 37)) * (n // 150 % 2 == side)) for n in range(1500)] for side in (0, 1))
        caller, agent = sides
        return {"duration_ms": 30_000, "caller": caller, "agent": agent}

    def audio(self, call_sid: str) -> Path | None:
        if self.folder is None:
            return None
        path = self.folder / "call.wav"
        if not path.exists():
            tone = (8000 * np.sin(np.arange(8000 * 30) / 4)).astype(np.int16)
            both = encode_ulaw(np.repeat(tone, 2))
            path.write_bytes(header(len(both)) + both)
        return path

    def tape(self, call_sid: str) -> Path | None:
        return None

    # -- changes

    def set_status(self, lead_id: int, status: str) -> None:
        self._ask()
        self.done.append(("status", lead_id, status))
        self.all_leads[lead_id]["status"] = status

    def set_note(self, lead_id: int, text: str) -> None:
        self._ask()
        self.done.append(("note", lead_id, text))
        self.all_leads[lead_id]["note"] = text

    def send_again(self, lead_id: int, channel: str = "webhook") -> None:
        self._ask()
        self.done.append(("send", lead_id, channel))
        self.all_leads[lead_id]["deliveries"] = [delivery(lead_id, "pending")]

    def audit(self, action: str, subject: str) -> None:
        self._ask()
        self.done.append(("audit", action, subject))

    def forget(self, number: str, *, dry_run: bool) -> Mapping[str, int]:
        self._ask()
        if sum(letter.isdigit() for letter in number) < 9:
            raise ValueError("no telephone number")
        if not dry_run:
            self.done.append(("forget", number))
        return {"calls": 2, "leads": 1, "turns": 14, "deliveries": 1, "files": 3, "live": 0}
