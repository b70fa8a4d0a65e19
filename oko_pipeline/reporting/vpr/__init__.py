"""Notes on ВПР: of a school and of a municipality, one a campaign."""
