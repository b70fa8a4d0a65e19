"""The revisions, one a module, in the order of their names."""
