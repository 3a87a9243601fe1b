"""12.3: many calls at once, each judged by itself."""

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np

from app.qa.acceptance.findings import Findings, Status
from app.qa.acceptance.items import item
from app.qa.acceptance.phone import HungUpError, Phone
from app.qa.acceptance.scenes import ANSWERED_WITHIN_MS, MOST_TRIES, interrupt
from app.qa.acceptance.server import ServerUnderTest
from app.qa.acceptance.sounds import Sounds
from app.qa.acceptance.webhooks import check_callbacks_during
from app.qa.player import SAMPLES_PER_MS
from app.qa.wire.http_client import ServerError

APART_S = 0.15
LATE, SILENT, NO_SILENCE = "9.1", "12.1", "7.1"


async def hold_crowd(
    server: ServerUnderTest, sounds: Sounds, number: int, findings: Findings
) -> tuple[list[dict[str, Any]], float]:
    """Place `number` calls at once and judge 3, 7.1, 9.1 and 12.1 for each; return them and this tool's lateness."""
    is_over = asyncio.Event()
    callbacks = Findings(frozenset({"3.4"}))
    probe = asyncio.create_task(check_callbacks_during(server, callbacks, is_over))
    calls = await asyncio.gather(*(_hold(server, sounds, one) for one in range(1, number + 1)))
    is_over.set()
    await probe
    faults = [f"call {call['number']}: {call['failure']}" for call, _ in calls if call["failure"]]
    (callback,) = callbacks.result()
    if callback.status is Status.FAILED:
        faults.append(f"callbacks: {callback.reason or f'{callback.percentile(100)} ms'}")
    shown = "; ".join(faults[:3]) + (f" and {len(faults) - 3} more" if len(faults) > 3 else "")
    right = sum(not call["failure"] for call, _ in calls)
    findings.add("12.3", not faults, shown, [float(right)], f"of {number} calls")
    return [call for call, _ in calls], max(late_ms for _, late_ms in calls)


async def _hold(server: ServerUnderTest, sounds: Sounds, number: int) -> tuple[dict[str, Any], float]:
    """Hold one of the calls: greeted, answered, heard when it interrupts, answered again."""
    await asyncio.sleep((number - 1) * APART_S)
    phone = Phone(replace(server.account, from_number="anonymous"), quick=True)
    told: dict[str, Any] = {"number": number, "call_sid": phone.call_sid, "answers_ms": [], "barge_in_ms": None}
    faults: list[str] = []
    sentence = sounds.sentences[(number - 1) % len(sounds.sentences)]
    try:
        await phone.call()
        await phone.hears_out(0)
        turn = await phone.say(sentence)
        since = turn.voiced_to
        for _ in range(MOST_TRIES):
            began = await phone.hears_agent(since, ANSWERED_WITHIN_MS)
            phone.judge(turn)
            if began is None:
                break
            told["answers_ms"].append(turn.voice_to_voice_ms)
            told["barge_in_ms"], turn = await interrupt(phone, sentence, began)
            since = turn.voiced_to
            if told["barge_in_ms"] is not None:
                break
        last = await phone.hears_out(since, ANSWERED_WITHIN_MS)
        if last is None:
            faults.append(f"{SILENT}: a sentence was not answered")
    except (ServerError, HungUpError) as error:
        faults.append(str(error))
    await phone.hang_up()
    faults += _judged(phone, told)
    told["failure"] = "; ".join(faults) or None
    return told, phone.own_late_ms


def _judged(phone: Phone, told: dict[str, Any]) -> list[str]:
    """Add the figures of a call's ear to what is told of it; return what is wrong with them."""
    player, faults = phone.peer.player, list[str]()
    late = [samples / SAMPLES_PER_MS for samples in player.schedule_lateness]
    told["frame_late_ms_p99"] = round(float(np.percentile(late, 99)), 1) if late else None
    told["holes"] = len(player.underruns)
    in_time, in_silence = item(LATE).limit, item(NO_SILENCE).limit
    assert in_time is not None
    assert in_silence is not None
    if not late or not in_time.holds(told["frame_late_ms_p99"]) or told["holes"]:
        faults.append(f"{LATE}: frames {told['frame_late_ms_p99']} ms late at p99, {told['holes']} holes")
    if told["barge_in_ms"] is None:
        faults.append(f"{NO_SILENCE}: no interruption could be measured")
    elif not in_silence.holds(told["barge_in_ms"]):
        faults.append(f"{NO_SILENCE}: {told['barge_in_ms']:.0f} ms to silence")
    return faults
