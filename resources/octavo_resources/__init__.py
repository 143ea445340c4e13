"""What Octavo ships beside its code: icons, fonts, theme, texts, the demo model."""
