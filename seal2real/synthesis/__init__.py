"""Seal2Real: synthesis."""
