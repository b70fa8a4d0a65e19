"""Open documents: for the sites of municipalities and schools, and for parents."""
