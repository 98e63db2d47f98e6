"""The write path: what waits is decided and recorded in one transaction, as entries whose bytes never change."""
