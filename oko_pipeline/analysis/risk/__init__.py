"""Risk zones: deviations from norm, region and group as funnel plots, false discoveries controlled, cards of schools."""
