"""Who is asking: tokens, sessions and what is remembered of them, and who was shown what is not public."""
