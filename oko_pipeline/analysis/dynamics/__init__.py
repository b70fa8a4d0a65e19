"""Change over years: series and their breaks, changes with intervals, pooling, shrinkage, trends."""
