"""The database: which one, its tables, how it is opened, made ready, guarded, copied, shared between hosts."""
