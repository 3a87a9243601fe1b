"""What goes to the caller: the conversation, its replies, their voice on its way. Pure."""
