"""The read side: rows of the read models, and the queries on them at (V, N)."""
