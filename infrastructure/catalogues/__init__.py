"""The catalogues that come with the ledger, and the reading of catalogue files."""
