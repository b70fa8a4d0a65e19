"""How the default templates are made; after that they are ordinary Word files that people change."""
