"""Links between results of procedures, with the journal and with conditions; agreement of experts. No causal claims."""
