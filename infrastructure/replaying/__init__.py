"""Replay: the read models made anew from the entries, and compared with the live ones."""
