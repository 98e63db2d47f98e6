"""What people can do with the ledger: record, replay, report. Knows the domain and its own ports, no technology."""
