"""Training: stages, the loop that runs them, and their data."""
