"""Seals in the user's own scans and photographs: find, measure, cut out."""
