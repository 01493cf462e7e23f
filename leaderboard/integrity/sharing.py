"""Which files two archives share beyond what was handed out: byte for byte, or up to names."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from leaderboard.integrity.contents import Contents, normalised, own_lines
from leaderboard.integrity.evidence import Evidence
from leaderboard.integrity.findings import Common, SharedFile

COMMON = 8  # student teams: a file that more of them have was probably given to them
EMPTY = hashlib.sha256(b"").hexdigest()

Key = tuple[int, int]  # places of two entries in the evidence, the smaller first
Owners = Mapping[str, Mapping[int, str]]  # checksum → who has it: place → name
Shared = Mapping[Key, Sequence[SharedFile]]
Match = tuple[Key, str, str]  # two places, and the file's name in each


def shared_files(evidence: Sequence[Evidence], handed_out: Contents) -> tuple[Shared, list[Common]]:
    """The files that each two share, and those that too many share to be told of pairs.

    A source that is the same byte for byte is not told again as one that is equal up to its names.
    """
    known = set(_plain(handed_out.sources).values())
    exact, commons = _matches(_owners(_sums(evidence), {*handed_out.files.values(), EMPTY}), evidence)
    plain, more = _matches(_owners(_plain_sums(evidence), known), evidence)
    shared: dict[Key, list[SharedFile]] = defaultdict(list)
    for match in exact:
        shared[match[0]].append(_shared(evidence, match, handed_out, exact=True))
    for match in sorted(set(plain) - set(exact)):
        shared[match[0]].append(_shared(evidence, match, handed_out, exact=False))
    return shared, list(dict.fromkeys([*commons, *more]))


def _sums(evidence: Sequence[Evidence]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for place, one in enumerate(evidence):
        if one.contents is not None:
            yield place, one.contents.files


def _plain_sums(evidence: Sequence[Evidence]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for place, one in enumerate(evidence):
        if one.contents is not None:
            yield place, _plain(one.contents.sources)


def _plain(sources: Mapping[str, str]) -> dict[str, str]:
    """name → checksum of what it does, of those that are long enough."""
    return {name: found for name, text in sources.items() if (found := normalised(text)) is not None}


def _owners(files: Iterable[tuple[int, Mapping[str, str]]], known: set[str]) -> Owners:
    """Of all checksums but those known. One name each is enough."""
    owners: dict[str, dict[int, str]] = defaultdict(dict)
    for place, sums in files:
        for name, checksum in sums.items():
            if checksum not in known:
                owners[checksum].setdefault(place, name)
    return owners


def _matches(owners: Owners, evidence: Sequence[Evidence]) -> tuple[list[Match], list[Common]]:
    """Of what a shipped solution has, that pair is told however many have it: it is known to be public."""
    matches, commons = [], []
    for places in owners.values():
        teams = sorted({evidence[place].team for place in places if not evidence[place].shipped})
        if crowded := len(teams) > COMMON:
            commons.append(Common(next(iter(places.values())), tuple(teams)))
        for i, j in combinations(sorted(places), 2):
            if not crowded or evidence[i].shipped or evidence[j].shipped:
                matches.append(((i, j), places[i], places[j]))
    return matches, commons


def _shared(evidence: Sequence[Evidence], match: Match, handed_out: Contents, *, exact: bool) -> SharedFile:
    (place, _), first, second = match
    contents = evidence[place].contents
    source = contents.sources.get(first) if contents else None
    own = None if source is None else own_lines(source, handed_out.sources.values())
    return SharedFile(first, second, exact, own)
