"""The visit list on paper and as files: text, CSV, HTML, PDF, XLSX."""
