"""Import existing chats as candidates, from all common chat formats."""
