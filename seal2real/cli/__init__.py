"""Seal2Real: cli."""
