"""What can be verified, wherever it is: this ledger's database, an export, a server."""
