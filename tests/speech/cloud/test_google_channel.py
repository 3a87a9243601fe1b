"""How Google's clients are made, without Google."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud import speech_v1, texttospeech_v1
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport
from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcAsyncIOTransport

from app.sidecar.child import ServiceError
from app.speech.cloud.google_channel import is_loopback, make_client

SPEECH = speech_v1.SpeechAsyncClient, SpeechGrpcAsyncIOTransport
VOICE = texttospeech_v1.TextToSpeechAsyncClient, TextToSpeechGrpcAsyncIOTransport


@pytest.mark.parametrize("text", ['{"private_key": "topsecret"', '"topsecret"', '{"private_key": "topsecret"}', "[]"])
def test_credentials_that_are_none_are_named_but_never_shown(text: str) -> None:
    """R1.3: no secret is ever logged."""
    with pytest.raises(ServiceError, match="GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON") as caught:
        make_client(*SPEECH, "", text)
    assert caught.value.code == "unauthenticated"
    assert "topsecret" not in str(caught.value)


def service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    info = {
        "type": "service_account",
        "private_key": pem,
        "client_email": "agent@example.com",
        "token_uri": "https://example.com/token",
    }
    return json.dumps(info)


class Recording(SpeechGrpcAsyncIOTransport):
    """Google's transport, which tells with what options it opened its channel."""

    options: ClassVar[dict[str, object]] = {}

    @classmethod
    def create_channel(cls, *args: Any, options: Iterable[tuple[str, object]] = (), **kwargs: Any) -> Any:
        cls.options |= dict(options)
        return super().create_channel(*args, options=options, **kwargs)


def test_a_tls_channel_is_kept_alive() -> None:
    """R8.2: a path that died is noticed within seconds; Google's own options stay."""

    async def make() -> None:
        make_client(SPEECH[0], Recording, "", service_account())

    asyncio.run(make())
    assert Recording.options["grpc.keepalive_timeout_ms"] == 5000
    assert Recording.options["grpc.max_receive_message_length"] == -1


@pytest.mark.parametrize("kind", [SPEECH, VOICE])
@pytest.mark.parametrize("endpoint", ["", "eu-speech.example.com:443"])
def test_a_service_account_makes_a_tls_client(kind: tuple[type, type], endpoint: str) -> None:
    async def make() -> str:
        client = make_client(*kind, endpoint, service_account())
        return str(client.api_endpoint)

    made_for = asyncio.run(make())
    assert made_for == endpoint if endpoint else made_for.endswith(".googleapis.com:443")


def test_only_this_machine_is_loopback() -> None:
    assert is_loopback("127.0.0.1:50051")
    assert is_loopback("localhost:50051")
    assert not is_loopback("speech.googleapis.com:443")
