"""Has the name of a module that the runner uses."""

print("GOT an import of struct")
raise SystemExit("shadowed")
