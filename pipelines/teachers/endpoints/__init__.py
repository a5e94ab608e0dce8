"""Teachers behind an HTTP endpoint: the protocols, and what every provider does differently."""
