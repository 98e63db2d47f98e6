"""Exports: a ledger in one file that anybody can verify without this program."""
