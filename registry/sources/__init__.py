"""What a source is read from: CSV, workbooks, databases; its cells as they arrived."""
