"""Generates candidates with a campaign's teacher, or imports them."""
