"""Seal2Real: realisation, I_s -> I_f, and the gate that holds it to the labels."""
