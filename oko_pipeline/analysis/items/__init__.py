"""Tasks and skills in depth: discrimination, reliability, differential functioning, deficits, dynamics of skills."""
