"""What a seal is: specs, presets, texts, fonts and glyph outlines."""
