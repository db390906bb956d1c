"""Seal2Real: Stable Diffusion bases, prompts, noise, and the losses of equations 1 to 6."""
