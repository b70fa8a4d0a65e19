"""Risk zones: deviations from norm, region and group as funnels, false discoveries controlled, cards of schools."""
