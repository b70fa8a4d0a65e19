"""Signs of bias: official signs and index, independent signals, cards of schools, re-checks. Evidence, never proof."""
