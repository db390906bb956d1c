"""Seal2Real: exporters."""
