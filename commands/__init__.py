"""The verbs of the `heldout` command, by who uses them. Light to import: each verb imports what it needs."""
