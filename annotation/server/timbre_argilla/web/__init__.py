"""What a request passes before Argilla handles it: checks, limits and security headers."""
