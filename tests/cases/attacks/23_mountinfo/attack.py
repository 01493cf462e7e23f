"""Looks for the host's paths in the lists of mounts: whose checkout is it, where does the course lie?"""


def attack(world):
    for name in ("mountinfo", "mounts", "mountstats"):
        for line in open(f"/proc/self/{name}"):
            for path in world["host_paths"]:
                if path in line:
                    print("GOT", path, "from", line.strip())
