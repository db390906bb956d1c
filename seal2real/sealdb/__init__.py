"""Seal2Real: sealdb."""
