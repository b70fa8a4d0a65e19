"""The SQL database (schema made from the table contracts) and the restricted Parquet store of works."""
