"""The heldout command."""
