"""Import existing chats, in any common format, as candidates."""
