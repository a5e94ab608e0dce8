"""Teachers behind an HTTP endpoint: API protocols, and workarounds for the quirks of providers."""
