"""The public log: sealed, signed, witnessed, time-stamped, published, and kept over the years."""
