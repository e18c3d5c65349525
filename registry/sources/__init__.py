"""Where records come from: CSV files, workbooks, Parquet and databases, read as texts just as they
arrived."""
