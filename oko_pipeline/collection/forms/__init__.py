"""Forms that are handed out, filled in and read back; registers found in exports. No layouts here, only their parts."""
