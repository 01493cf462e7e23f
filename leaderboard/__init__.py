"""Standings and the ledger of submissions."""
