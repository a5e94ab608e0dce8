"""Starts a campaign: writes its files, checks them, and shows how far it has come."""
