"""What came of the measures of a year, what the year concludes and with what the next one opens."""
