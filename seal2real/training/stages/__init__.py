"""The stages of training, one a file; each has ``build_stage(config, context) -> Stage``."""
