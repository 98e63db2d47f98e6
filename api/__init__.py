"""The ways in: HTTP and the command line. They translate; they hold no rule of the ledger."""
