"""Seal2Real: networks, and nothing that trains or runs them."""
