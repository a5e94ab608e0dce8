"""What is checked of a generated text before a person sees it; each check a value with a reason."""
