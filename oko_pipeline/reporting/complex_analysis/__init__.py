"""Complex analysis of several procedures, the passport of a school, one page for a head."""
