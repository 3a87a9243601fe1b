"""Hebrew speech without a cloud: Whisper base hears, Nakdimon + Kokoro speak, on the server's own CPU (R15)."""
