"""Source containers: delimited text, JSON, Parquet, spreadsheets, graph files, archives."""
