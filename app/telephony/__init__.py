"""Twilio: signatures, TwiML, the media stream's messages, its WebSocket, webhooks and REST."""
