"""Record types, database tables, the record store, and frozen dataset versions."""
