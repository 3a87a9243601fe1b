"""What comes from the caller: audio, voice, words, turns. Pure."""
