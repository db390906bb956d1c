"""Seal2Real: pages."""
