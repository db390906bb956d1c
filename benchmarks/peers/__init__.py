"""Rivals, one module each; imported only when they are installed."""
