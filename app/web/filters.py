"""How a number gets into a page: each filter isolates it from the right-to-left text around it.

Without `<bdi dir="ltr">` a browser turns `050-***4567` into `4567***-050` and swaps the ends of a range. Templates use
these filters for every number, time, telephone and code; a test looks for bare ones.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import phonenumbers
from flask import Flask
from markupsafe import Markup, escape

from app.dialog.hebrew.contact.dictated import dictations
from app.web import clock

_PHONE_IN_TEXT = re.compile(r"(?<![\d,.])\+?\d(?:[\s\-]?\d){8,13}(?![\d,])")
_NUMBER_IN_TEXT = re.compile(r"\+?\d(?:[\d,.:/\-]*\d)?%?")
_ISRAELI = re.compile(r"\+972([57]\d|[23489])(\d{3})(\d{4})")
_LONGEST_HEAD = 4
"""What stands before a number's first dash, or its country's code; anything longer is a number nobody could part."""
_NOTHING = Markup('<span class="none">–</span>')


def isolate(text: object) -> Markup:
    """Return text that reads from left to right wherever it stands.

    A list has hundreds: put together by hand, which costs a third of `Markup.format`.
    """
    return Markup(f'<bdi dir="ltr">{escape(text)}</bdi>')  # noqa: S704 - escaped


def whole_phone(number: str) -> str:
    """Return a number as people write it: Israel's nationally, others internationally."""
    if israeli := _ISRAELI.fullmatch(number):
        return "0" + "-".join(israeli.groups())  # what the library would say, sooner
    try:
        parsed = phonenumbers.parse(number, "IL")
    except phonenumbers.NumberParseException:
        return number
    is_israeli = parsed.country_code == 972
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_israeli else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, style))


def masked_phone(number: str) -> str:
    """Return a number by which its owner is known again but cannot be called: `050-***4567`."""
    text = whole_phone(number)
    digits = re.sub(r"\D", "", text)
    if len(digits) < 7:
        return "***" if digits else text
    head = text.partition("-")[0] if "-" in text[:4] else text.partition(" ")[0]
    return f"{head}-***{digits[-4:]}" if len(head) <= _LONGEST_HEAD else f"***{digits[-4:]}"


def money(amount: float | None, currency: str = "₪") -> Markup:
    """Return `₪ 1,800,000`: the sign left of the figures, where Hebrew has it behind them."""
    return _NOTHING if amount is None else isolate(f"{currency}\u00a0{amount:,.0f}")


def span(low: float | None, high: float | None = None, unit: str = "") -> Markup:
    """Return a range, `₪ 1,500,000–2,000,000`; one end alone says which."""
    ends = [f"{end:,.10g}" for end in (low, high) if end is not None]
    if not ends:
        return _NOTHING
    text = isolate((f"{unit}\u00a0" if unit else "") + "–".join(dict.fromkeys(ends)))
    if low is None:
        return Markup("עד {}").format(text)
    return Markup("מ־{}").format(text) if high is None else text


def number(value: float | None, unit: str = "") -> Markup:
    """Return a plain number, with thousands set apart."""
    if value is None:
        return _NOTHING
    return isolate(f"{value:,.10g}{unit}")


def milliseconds(value: float | None) -> Markup:
    """Return `740 ms`, what was not measured as such."""
    return Markup('<span class="none">לא נמדד</span>') if value is None else isolate(f"{value:,.0f} ms")


def duration(seconds: float | None) -> Markup:
    """Return `1:35`."""
    if seconds is None:
        return _NOTHING
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return isolate(f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}")


def _time(at: datetime | str | None, text: Callable[[datetime], str]) -> Markup:
    if not at:
        return _NOTHING
    here = clock.local(at)
    whole = f"{here:%d.%m.%Y %H:%M}" + (f" {here:%:z}" if clock.is_doubled(here) else "")
    shown = text(here) + (f" {_offset(here)}" if clock.is_doubled(here) else "")
    title = whole.replace(f" {here:%:z}", f" {_offset(here)}")
    times = f'datetime="{here.isoformat(timespec="seconds")}" title="{title}"'
    return Markup(f"<time {times}>{isolate(shown)}</time>")  # noqa: S704 - figures alone


def _offset(at: datetime) -> str:
    text = f"{at:%z}"
    return f"{text[:3]}:{text[3:]}"


def when(at: datetime | str | None) -> Markup:
    """Return `28.11.2026 17:05`, Israel's time; the hour that comes twice shows which of the two it is."""
    return _time(at, lambda here: f"{here:%d.%m.%Y %H:%M}")


def hour(at: datetime | str | None) -> Markup:
    """Return `17:05`."""
    return _time(at, lambda here: f"{here:%H:%M}")


def ago(at: datetime | str | None) -> Markup:
    """Return how long ago in words, with the time itself behind it."""
    if not at:
        return _NOTHING
    here, now = clock.local(at), datetime.now(UTC)
    words = _NUMBER_IN_TEXT.sub(lambda found: str(isolate(found[0])), str(escape(clock.ago(here, now))))
    times = f'datetime="{here.isoformat(timespec="seconds")}" title="{here:%d.%m.%Y %H:%M}"'
    return Markup(f"<time {times}>{words}</time>")  # noqa: S704 - escaped above


def day(text: str) -> Markup:
    """Return an ISO date as `28.11.2026`."""
    return isolate(f"{datetime.fromisoformat(text):%d.%m.%Y}")


def _phones(text: str) -> list[tuple[int, int, str]]:
    """Return where telephone numbers stand in a text, in digits or dictated in words, and their digits."""
    found, end = [], 0
    for written in [*_PHONE_IN_TEXT.finditer(text), None]:
        between = text[end : written.start()] if written else text[end:]
        found += [(end + said.start, end + said.end, said.value) for said in dictations(between)]
        if written:
            found.append((written.start(), written.end(), re.sub(r"[\s\-]", "", written[0])))
            end = written.end()
    return found


def holds_phone(text: str) -> bool:
    """Return whether a telephone number stands in what somebody said, in digits or in words."""
    return bool(_phones(text))


def words(text: str, *, whole: bool = False) -> Markup:
    """Return what somebody said or wrote: numbers in it isolated, telephone numbers masked unless `whole`.

    One that was dictated in words is masked like one in digits; whole, it stays as it was said.
    """
    parts, end = [], 0
    for start, stop, digits in _phones(text):
        said = text[start:stop]
        shown = masked_phone(digits) if not whole else whole_phone(digits) if _PHONE_IN_TEXT.fullmatch(said) else None
        parts += [_isolated(text[end:start]), _isolated(said) if shown is None else str(isolate(shown))]
        end = stop
    joined = "".join([*parts, _isolated(text[end:])])
    return Markup('<bdi dir="auto">{}</bdi>').format(Markup(joined))  # noqa: S704 - every part is escaped


def spoken(line: Mapping[str, Any], *, whole: bool = False) -> Markup:
    """Return an agent's line, what of it nobody heard struck out. A turn of the store, or a line of a live call.

    A telephone number in which it was cut off counts as heard: two halves would each look like none, and show.
    """
    text = line.get("agent_text", line.get("text")) or ""
    heard = line.get("agent_heard", line.get("heard"))
    if heard is None or text == heard:
        return words(text, whole=whole)
    if text.startswith(heard):
        cut = max([len(heard), *(end for start, end, _ in _phones(text) if start < len(heard) < end)])
        heard, text = text[:cut], text[cut:]
    told = words(heard, whole=whole) if heard else Markup("")
    if not text.strip():
        return told
    return Markup("{} <del>{}</del>").format(told, words(text.strip(), whole=whole))


def kept(text: str) -> Markup:
    """Return how long something is kept, `30 days`, in Hebrew."""
    count, _, unit = text.partition(" ")
    names = {"day": "ימים", "days": "ימים", "hour": "שעות", "hours": "שעות", "h": "שעות"}
    return Markup("{} {}").format(isolate(count), names.get(unit, unit)) if count.isdecimal() else escape(text)


def _isolated(text: str) -> str:
    parts, end = [], 0
    for found in _NUMBER_IN_TEXT.finditer(text):
        parts += [str(escape(text[end : found.start()])), str(isolate(found[0]))]
        end = found.end()
    return "".join([*parts, str(escape(text[end:]))])


def install(flask: Flask, *, shows_numbers: bool) -> None:
    """Give the templates their filters; numbers are masked unless the office wants them whole."""

    def phone(value: str | None) -> Markup:
        if not value:
            return Markup('<span class="none">חסוי</span>')
        return isolate(whole_phone(value) if shows_numbers else masked_phone(value))

    def shown_words(value: str | None, *, whole: bool = False) -> Markup:
        return words(value or "", whole=whole or shows_numbers)

    def shown_line(line: Mapping[str, Any], *, whole: bool = False) -> Markup:
        return spoken(line, whole=whole or shows_numbers)

    filters: Mapping[str, Any] = {
        "phone": phone,
        "whole_phone": lambda value: isolate(whole_phone(value)),
        "words": shown_words,
        "spoken": shown_line,
        "kept": kept,
        "money": money,
        "when": when,
        "hour": hour,
        "ago": ago,
        "day": day,
        "ms": milliseconds,
        "duration": duration,
        "number": number,
        "code": isolate,
    }
    for name, function in filters.items():
        flask.add_template_filter(function, name)
    flask.add_template_global(span)
