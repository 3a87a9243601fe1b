"""Whether Twilio, Google and OpenAI would serve us: one cheap call each, 5 s at most."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from app import config
from app.config import Settings
from app.qa.doctor.finding import Finding, fail, ok, warn
from app.sidecar.child import ServiceError
from app.speech.cloud.settings import CloudSettings
from app.telephony.rest import API_URL, PhoneNumber, TwilioAuthError, TwilioError, TwilioRest

TIMEOUT_S = 5.0
WARN_OFF_S, FAIL_OFF_S = 2.0, 30.0
VOICE_PATH, STATUS_PATH = "/webhook/incoming_call", "/webhook/call_status"
STT_PRICE, TTS_PRICE, CHAT_PRICE = "under 0.001 USD", "free", "about 30 tokens"
_SHOWN = 5


def check_twilio(settings: Settings) -> Iterator[Finding]:
    """The account and the token are one account's, and the token is the one that signs."""
    if stray := config.set_in_environment("TWILIO_REGION", "TWILIO_EDGE"):
        what = f"{', '.join(stray)} set: Twilio's own tools go to another region with them"
        yield warn("Twilio account", what, "unset TWILIO_REGION, TWILIO_EDGE")
    rest = _rest(settings)
    if rest is None or settings.twilio_auth_token is None:
        yield warn("Twilio account", "not set: nobody can be hung up, put through or sent a WhatsApp")
        return
    try:
        primary = rest.primary_token()
    except TwilioAuthError as error:
        yield fail("Twilio account", str(error), "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are of two accounts")
        return
    except TwilioError as error:
        yield warn("Twilio account", str(error), "try again: Twilio did not answer well", "nothing can be said of it")
        return
    yield ok("Twilio account", "it answers to SID and token (free)")
    if primary != settings.twilio_auth_token.get_secret_value():
        do = "use the primary token: Twilio signs with it alone"
        yield fail("Twilio token", "it is the account's secondary token", do, "every webhook would be refused with 403")
    else:
        yield ok("Twilio token", "it is the primary one")


def check_numbers(settings: Settings, *, fixes: bool = False, chosen: str | None = None) -> Iterator[Finding]:
    """The number calls this deployment; `fixes` sets it where it is plain which number is meant."""
    rest, base = _rest(settings), settings.public_base_url
    if rest is None:
        return
    if base is None:
        yield warn("number's webhook", "not known which it must be", "set PUBLIC_BASE_URL")
        return
    try:
        numbers = rest.numbers()
        ours = _ours(numbers, base, chosen)
        if not ours:
            listed = ", ".join(f"{one.number} calls {one.voice_url or 'nobody'}" for one in numbers[:_SHOWN])
            do = "name the number that is this office's: run doctor --fix --number +972…"
            yield fail("number's webhook", listed or "the account has no number", do)
        for one in ours:
            yield from _check_number(rest, one, base, fixes=fixes)
    except TwilioError as error:
        yield warn("number's webhook", str(error), "try again: Twilio did not answer well")


def _rest(settings: Settings) -> TwilioRest | None:
    if not (settings.twilio_account_sid and settings.twilio_auth_token):
        return None
    token = settings.twilio_auth_token.get_secret_value()
    return TwilioRest(settings.twilio_account_sid, token, base_url=settings.twilio_api_url, timeout_s=TIMEOUT_S)


def _ours(numbers: list[PhoneNumber], base: str, chosen: str | None) -> list[PhoneNumber]:
    """Return the numbers that are meant: the one named, else those that call this host, else the only one there is."""
    if chosen is not None:
        return [one for one in numbers if one.number == chosen]
    host = urlsplit(base).netloc
    return [one for one in numbers if urlsplit(one.voice_url).netloc == host] or (numbers if len(numbers) == 1 else [])


def _check_number(rest: TwilioRest, one: PhoneNumber, base: str, *, fixes: bool) -> Iterator[Finding]:
    wanted = {
        "number's webhook": (one.voice_url, one.voice_method, base + VOICE_PATH, "the number calls"),
        "number's call status": (one.status_url, one.status_method, base + STATUS_PATH, "the number reports to"),
    }
    wrong = {
        check: f"{one.number}: {says} {url or 'nobody'}{f' by {method}' if method and method != 'POST' else ''}"
        for check, (url, method, right, says) in wanted.items()
        if (url, method) != (right, "POST")
    }
    if wrong and fixes:
        rest.set_webhooks(one.sid, base + VOICE_PATH, base + STATUS_PATH)
    for check, (_, _, right, says) in wanted.items():
        if check not in wrong:
            yield ok(check, f"{one.number}: {says} {right}")
        elif fixes:
            yield ok(check, f"{wrong[check]}; now {right}, POST")
        else:
            yield fail(check, wrong[check], f"it must be {right}, POST, without a slash: run doctor --fix")


def check_clock(settings: Settings) -> Iterator[Finding]:
    """This machine's clock against Twilio's: an unauthorised request is enough for the Date header."""
    asked = settings.twilio_api_url or API_URL
    try:
        answer = requests.get(f"{asked}/2010-04-01.json", timeout=TIMEOUT_S, allow_redirects=False)
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (requests.RequestException, ValueError, TypeError) as error:
        yield warn("clock", f"nobody to compare with: {type(error).__name__}")
        return
    off_s = abs((datetime.now(UTC) - date).total_seconds())
    what = f"this machine is {off_s:.0f} s off: tokens live 300 s, instances must agree"
    if off_s >= FAIL_OFF_S:
        yield fail("clock", what, "set the clock, and let NTP keep it")
    elif off_s >= WARN_OFF_S:
        yield warn("clock", what, "let NTP keep the clock")
    else:
        yield ok("clock", f"within {max(1.0, off_s):.0f} s of Twilio's")


def cloud_settings(settings: Settings) -> CloudSettings:
    """Return what the probes need."""

    def secret(value: object) -> str:
        return str(value.get_secret_value()) if hasattr(value, "get_secret_value") else ""

    return CloudSettings(
        google_credentials_json=secret(settings.google_cloud_service_account_json),
        google_speech_endpoint=settings.google_speech_endpoint or "",
        google_tts_endpoint=settings.google_tts_endpoint or "",
        tts_voice=settings.google_tts_voice,
        openai_api_key=secret(settings.openai_api_key),
        openai_base_url=settings.openai_base_url or "",
        llm_model=settings.openai_model,
        transcribe_model=settings.openai_transcribe_model,
    )


def _google_do(error: ServiceError, service: str) -> str:
    """Return what mends a failure of one of Google's services."""
    enable = f"enable {service} for this project, with billing"
    if error.code != "unauthenticated":
        return enable
    return f"set GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON to a key that is valid, of an account that may use it, and {enable}"


def check_google_stt(settings: Settings) -> Iterator[Finding]:
    """Google hears Hebrew."""
    if settings.stt != "google":
        return
    from app.speech.cloud import probe

    try:
        language = probe.in_time(probe.heard_language(cloud_settings(settings)))
    except ServiceError as error:
        yield fail("Google STT", str(error), _google_do(error, "Speech-to-Text"))
        return
    yield ok("Google STT", f"takes {language} ({STT_PRICE})")


def check_google_tts(settings: Settings) -> Iterator[Finding]:
    """Google speaks with the voice that is set."""
    if settings.tts != "google":
        return
    from app.speech.cloud import probe

    try:
        voices = probe.in_time(probe.hebrew_voices(cloud_settings(settings)))
    except ServiceError as error:
        yield fail("Google TTS", str(error), _google_do(error, "Text-to-Speech"))
        return
    if settings.google_tts_voice not in voices:
        do = f"this voice is not offered: choose one of {', '.join(voices)}"
        yield fail("Google TTS", f"GOOGLE_TTS_VOICE is {settings.google_tts_voice}", do)
        return
    yield ok("Google TTS", f"{settings.google_tts_voice} is offered ({TTS_PRICE})")


def check_openai(settings: Settings) -> Iterator[Finding]:
    """OpenAI takes the key, knows both models, and has credit."""
    if settings.openai_api_key is None:
        return
    from app.speech.cloud import probe

    cloud = cloud_settings(settings)
    tried = (
        (settings.openai_model, "OPENAI_MODEL", probe.chat_answers, CHAT_PRICE),
        (settings.openai_transcribe_model, "OPENAI_TRANSCRIBE_MODEL", probe.transcriber_is_there, "free"),
    )
    for model, name, ask, price in tried:
        try:
            probe.in_time(ask(cloud))
        except ServiceError as error:
            do = {
                "unauthenticated": "set OPENAI_API_KEY to a key of a project that may use this model",
                "quota": "no credit left" if not error.retriable else "too many requests: raise the project's limits",
                "invalid_request": f"the model {model} is retired or not yours: set {name}",
            }.get(error.code, "try again: OpenAI did not answer well")
            yield fail("OpenAI", f"{name}: {error}", do)
            if error.code == "unauthenticated":
                return
        else:
            yield ok("OpenAI", f"{model} answers ({price})")
