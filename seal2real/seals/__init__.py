"""Seal2Real: seals."""
