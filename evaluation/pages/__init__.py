"""Build self-contained HTML pages with tables and charts."""
