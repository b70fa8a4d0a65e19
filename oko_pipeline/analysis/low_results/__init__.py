"""Schools with low results and schools in adverse conditions: rule sets, social index, risk profile, support."""
