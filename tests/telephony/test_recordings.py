"""Recordings come from our own account at Twilio, and from nowhere else."""

from collections.abc import Iterator

import pytest

from app.telephony.recordings import RecordingAccount, RecordingError, delete_recording, fetch_recording
from tests.emulators.twilio_rest import TwilioRestEmulator
from tests.servers import free_port

SID = "RE" + "1" * 32
ACCOUNT = "AC" + "0" * 32
GOOD = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}"


@pytest.fixture
def emulator() -> Iterator[TwilioRestEmulator]:
    with TwilioRestEmulator(recordings={SID: b"RIFF of a message"}) as running:
        yield running


def account(emulator: TwilioRestEmulator) -> RecordingAccount:
    return RecordingAccount(emulator.account_sid, emulator.auth_token, emulator.url)


def test_a_recording_is_fetched_as_wav_with_the_accounts_credentials(emulator: TwilioRestEmulator) -> None:
    """R2.7."""
    assert fetch_recording(account(emulator), GOOD) == b"RIFF of a message"
    assert emulator.requests[0].path.endswith(f"/Recordings/{SID}.wav")


@pytest.mark.parametrize("suffix", ["", ".wav", ".mp3"])
def test_twilios_own_address_and_the_configured_one_are_good(suffix: str) -> None:
    """R2.7: from api.twilio.com, or from what stands in for it."""
    assert RecordingAccount(ACCOUNT, "t").address(GOOD + suffix) == GOOD + ".wav"
    elsewhere = RecordingAccount(ACCOUNT, "t", "http://127.0.0.1:9")
    wanted = f"http://127.0.0.1:9/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}.wav"
    assert elsewhere.address(GOOD + suffix) == wanted
    assert elsewhere.address(wanted) == wanted
    assert RecordingAccount(ACCOUNT, "t").address(GOOD.replace(".com", ".com:443")) == GOOD + ".wav"
    plain = RecordingAccount(ACCOUNT, "t", "http://twilio.example:80/")
    at_80 = wanted.replace("127.0.0.1:9", "twilio.example:80")
    assert plain.address(at_80.replace(":80/", "/")) == at_80


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        GOOD.replace("https", "http"),
        GOOD.replace("api.twilio.com", "169.254.169.254"),
        GOOD.replace("api.twilio.com", "api.twilio.com.evil.example"),
        GOOD.replace("api.twilio.com", "api.twilio.com@evil.example"),
        GOOD.replace("api.twilio.com", "someone:secret@api.twilio.com"),
        GOOD.replace("api.twilio.com", "api.twilio.com:8443"),
        GOOD.replace("api.twilio.com", "api.twilio.com:port"),
        GOOD.replace(ACCOUNT, "AC" + "9" * 32),
        GOOD.replace(SID, "../Messages"),
        GOOD + "/../../Calls",
        GOOD + "?Download=//evil.example",
        GOOD.replace("https://", "https://:secret@"),
        GOOD.replace("https:", ""),
        GOOD + ".ogg",
        GOOD + "#x",
        GOOD + "%0d%0aHost: evil.example",
    ],
)
def test_no_other_address_is_ever_asked(url: str) -> None:
    """R2.7: a forged RecordingUrl leads nowhere."""
    with pytest.raises(RecordingError) as refused:
        RecordingAccount(ACCOUNT, "t").address(url)
    assert not refused.value.retriable


@pytest.mark.parametrize(("status", "retriable"), [(404, True), (429, True), (503, True), (401, False), (302, False)])
def test_what_may_pass_is_retriable(emulator: TwilioRestEmulator, status: int, retriable: bool) -> None:
    """R2.7: a recording that is not ready yet is asked for again; wrong credentials are not."""
    emulator.fail_next.append((status, 0))
    with pytest.raises(RecordingError, match=str(status)) as failed:
        fetch_recording(account(emulator), GOOD)
    assert failed.value.retriable is retriable


def test_a_huge_recording_is_not_swallowed(emulator: TwilioRestEmulator) -> None:
    """R2.7: size-capped, whatever its length says."""
    emulator.recordings[SID] = bytes(300_000)
    with pytest.raises(RecordingError, match="over 299999 bytes") as refused:
        fetch_recording(account(emulator), GOOD, max_bytes=299_999)
    assert not refused.value.retriable
    assert len(fetch_recording(account(emulator), GOOD, max_bytes=300_000)) == 300_000


def test_the_longest_message_that_twilio_takes_for_us_is_fetched_whole(emulator: TwilioRestEmulator) -> None:
    """R2.7: two minutes of 44.1 kHz, 16 bit."""
    emulator.recordings[SID] = message = bytes(120 * 44_100 * 2)
    assert fetch_recording(account(emulator), GOOD) == message


def test_twilio_out_of_reach_is_retriable() -> None:
    """R2.7."""
    nobody = RecordingAccount(ACCOUNT, "t", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RecordingError) as failed:
        fetch_recording(nobody, GOOD)
    assert failed.value.retriable


def test_the_token_does_not_show() -> None:
    """R1.3."""
    assert "secret" not in repr(RecordingAccount(ACCOUNT, "secret"))


def test_a_recording_is_deleted_once_and_a_second_time_is_no_fault(emulator: TwilioRestEmulator) -> None:
    """R16: with the account's credentials, whatever form its address has."""
    for _ in range(2):
        delete_recording(account(emulator), GOOD + ".wav")
    assert [(one.method, one.status) for one in emulator.requests] == [("DELETE", 204), ("DELETE", 404)]
    assert emulator.recordings == {}


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_recording_that_could_not_be_deleted_is_told(emulator: TwilioRestEmulator, status: int) -> None:
    """R16."""
    emulator.fail_next.append((status, 20003))
    with pytest.raises(RecordingError, match=f"HTTP {status}: Twilio did not delete"):
        delete_recording(account(emulator), GOOD)
    assert emulator.recordings
