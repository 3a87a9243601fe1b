"""A phone agent that speaks Hebrew: Twilio calls in, leads out."""

__version__ = "0.1.0"
