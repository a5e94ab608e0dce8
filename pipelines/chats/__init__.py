"""Imports existing chats, in the formats that people have them in, as candidates."""
