"""Generate or import a campaign's candidates."""
