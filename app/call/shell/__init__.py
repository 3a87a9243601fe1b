"""Around the pure machine: the socket, the engines, the store, Twilio, the disk."""
