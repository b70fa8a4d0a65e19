"""Results that everybody may see."""
