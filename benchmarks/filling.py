"""A large course's ledger, as the store would have made it one by one, written in bulk.

Every team has submitted equally often. Its scores are drawn around a skill of its own; each that is its best
so far is released, and stands on both boards until the next: about ln(n) standings of n submissions.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import repeat
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.large import (
    ASSIGNMENT,
    DATA,
    GRADING,
    HALF_WIDTH,
    ITEMS,
    LOG,
    MEMBERS,
    METRICS,
    NOW,
    PUBLIC_ITEMS,
    REPETITIONS,
    RULES,
    SHIPPED,
    SPAN,
    SPLITS,
    START,
    TEAMS,
)

Columns = Mapping[str, Iterable[Any]]
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Sink(Protocol):
    def add(self, table: str, columns: Columns) -> None:
        """Rows, by column; what repeats for ever stops with the shortest."""


@dataclass(frozen=True)
class Filling:
    """`submissions` scored ones, and one queued of each team."""

    submissions: int
    teams: int = TEAMS

    def pour(self, sink: Sink) -> None:
        self._people(sink)
        self._submissions(sink)
        self._judgings(sink)
        self._standings(sink)
        self._vectors(sink)

    # ---------------------------------------------------------------- what happened

    @cached_property
    def refs(self) -> Numbers:
        return np.arange(1, self.submissions + 1)

    @cached_property
    def team_of(self) -> Numbers:
        """By submission: the shipped ones came first, then round after round, each in an order of its own."""
        rng, rounds = np.random.default_rng(1), -(-self.submissions // self.teams)
        order = np.concatenate([rng.permutation(self.teams) for _ in range(rounds)]) + 1
        shipped = np.arange(self.teams + 1, self.teams + SHIPPED + 1)
        return np.concatenate([shipped, order])[: self.submissions]

    @cached_property
    def received(self) -> npt.NDArray[np.datetime64]:
        """To the microsecond, as both databases have it."""
        step = SPAN // self.submissions // timedelta(microseconds=1)
        return np.datetime64(START.replace(tzinfo=None), "us") + np.arange(self.submissions) * step

    @cached_property
    def public(self) -> Floats:
        rng = np.random.default_rng(2)
        skill = rng.normal(19.0, 0.5, self.teams + SHIPPED + 1)
        return skill[self.team_of] + rng.normal(0.0, 0.3, self.submissions)

    @cached_property
    def private(self) -> Floats:
        return self.public + np.random.default_rng(3).normal(0.0, 0.02, self.submissions)

    @cached_property
    def by_team(self) -> Sequence[Numbers]:
        """Each team's submissions, as indices in the order received."""
        order = self.team_of.argsort(kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.team_of[order])) + 1)

    @cached_property
    def best(self) -> Sequence[Numbers]:
        """Those of them that were the best so far, as positions among the team's own."""
        return [self._records(self.public[own]) for own in self.by_team]

    @staticmethod
    def _records(scores: Floats) -> Numbers:
        before = np.concatenate([[-np.inf], np.maximum.accumulate(scores)[:-1]])
        return np.flatnonzero(scores > before)

    @cached_property
    def standing(self) -> Numbers:
        """What each team has now, as indices."""
        return np.array([own[best[-1]] for own, best in zip(self.by_team, self.best, strict=True)])

    # ---------------------------------------------------------------- rows

    def _people(self, sink: Sink) -> None:
        ids = range(1, self.teams + SHIPPED + 1)
        names = [f"Team {number:04d}" if number <= self.teams else f"Shipped {number}" for number in ids]
        made: Columns = {
            "id": ids,
            "name": names,
            "name_key": [name.casefold() for name in names],
            "kind": ["student"] * self.teams + ["baseline"] * SHIPPED,
            "created_at": repeat(told(START)),
        }
        sink.add("teams", made)
        of_team = [number for number in range(1, self.teams + 1) for _ in range(MEMBERS)]
        students = [f"student-{team}-{place % MEMBERS}" for place, team in enumerate(of_team)]
        emails = [f"{student}@example.org" for student in students]
        texts: Columns = {"name": students, "username": students, "username_key": students}
        more: Columns = {"email": emails, "email_key": emails, "team_id": of_team}
        sink.add(
            "students",
            {"id": range(1, len(students) + 1), **texts, **more, "created_at": repeat(told(START))},
        )
        late = {"student_id": range(1, 200), "until": repeat(told(NOW + timedelta(days=8)))}
        sink.add("extensions", {"assignment": repeat(ASSIGNMENT.slug), **late})

    def _submissions(self, sink: Sink) -> None:
        released = np.zeros(self.submissions, bool)
        released[np.concatenate([own[best] for own, best in zip(self.by_team, self.best, strict=True)])] = (
            True
        )
        judged: dict[str, Iterable[Any]] = {
            "judged_attempt": repeat(1),
            "judged_at": times(self.received + np.timedelta64(GRADING)),
            "released": released.tolist(),
        }
        scored = sent(self.refs, self.team_of, times(self.received), "scored")
        sink.add("submissions", {**scored, **judged})
        queued = self.submissions + np.arange(1, self.teams + 1)
        teams = np.random.default_rng(4).permutation(self.teams) + 1
        sink.add("submissions", sent(queued, teams, repeat(told(NOW - timedelta(hours=1))), "queued"))

    def _judgings(self, sink: Sink) -> None:
        """Submission and judging have the same number here."""
        refs = self.refs.tolist()
        constant = {
            "attempt": 1,
            "holder": "grader-1",
            "verdict": "scored",
            "reason": "",
            "message": "",
            "log": LOG,
            "run_seed": 2**63 - 1,
            "data_sha256": DATA,
            "launcher": "zygote",
            "layers": "namespaces, seccomp",
            "wall_seconds": 1.5,
            "cpu_seconds": 2.5,
            "peak_bytes": 1 << 30,
        }
        sink.add(
            "judgings",
            {
                "id": refs,
                "submission_id": refs,
                "started_at": times(self.received),
                "recorded_at": times(self.received + np.timedelta64(GRADING)),
                **{name: repeat(value) for name, value in constant.items()},
            },
        )
        kinds = [(split, metric) for metric in METRICS for split in SPLITS] * self.submissions
        values = np.stack([self.private, self.public, self.private / 30, self.public / 30], axis=1)
        scores: Columns = {
            "judging_id": self.refs.repeat(len(SPLITS) * len(METRICS)).tolist(),
            "split": [split for split, _ in kinds],
            "metric": [metric for _, metric in kinds],
            "value": values.ravel().tolist(),
            "half_width": repeat(HALF_WIDTH),
        }
        sink.add("scores", scores)

    def _standings(self, sink: Sink) -> None:
        judged = self.received + np.timedelta64(GRADING)
        last = times(judged[-1:])[0]
        rules = json.dumps(RULES.model_dump(mode="json"))
        named = {"assignment": [ASSIGNMENT.slug], "run_kind": ["evaluate"]}
        sink.add("boards", {**named, "rules": [rules], "ties_stale": [False], "changed_at": [last]})
        for split, values in zip(SPLITS, (self.private, self.public), strict=True):
            sink.add("standings", self._stood(split, values, times(judged)))
            days = times(
                np.datetime64(START.replace(tzinfo=None), "us") + np.arange(84) * np.timedelta64(1, "D")
            )
            edges = json.dumps(np.sort(-values[self.standing])[:: self.teams // 30].tolist())
            names = {"assignment": repeat(ASSIGNMENT.slug), "run_kind": repeat("evaluate")}
            sink.add("ties", {**names, "split": repeat(split), "at": days, "edges": repeat(edges)})

    def _stood(self, split: str, values: Floats, judged: Sequence[str]) -> Columns:
        """With the entries that each had when it ended."""
        received, found = times(self.received), []
        for own, best in zip(self.by_team, self.best, strict=True):
            ends = [*best[1:].tolist(), len(own)]
            for place, end in zip(best.tolist(), ends, strict=True):
                at, last = int(own[place]), int(own[end - 1])
                until = judged[own[end]] if end < len(own) else None
                found.append(
                    (at + 1, judged[at], until, float(values[at]), received[at], end, received[last])
                )
        refs, since, until, score, sent_at, entries, last_at = zip(*found, strict=True)
        return {
            "assignment": repeat(ASSIGNMENT.slug),
            "run_kind": repeat("evaluate"),
            "split": repeat(split),
            "team_id": self.team_of[np.array(refs) - 1].tolist(),
            "since": since,
            "until": until,
            "submission_id": refs,
            "judging_id": refs,
            "score": score,
            "half_width": repeat(HALF_WIDTH),
            "received_at": sent_at,
            "entries": entries,
            "last_at": last_at,
            "badges": repeat(""),
        }

    def _vectors(self, sink: Sink) -> None:
        """Of what stands, and of each team's latest: paired resamples, errors of differences of some 0.01."""
        rng = np.random.default_rng(5)
        together = rng.normal(0.0, 0.06, REPETITIONS)
        kept = np.union1d(self.standing, [own[-1] for own in self.by_team])
        for split, values in zip(SPLITS, (self.private, self.public), strict=True):
            means = (raw(values[at] + together + rng.normal(0.0, 0.01, REPETITIONS)) for at in kept)
            resampled: Columns = {
                "judging_id": (kept + 1).tolist(),
                "split": repeat(split),
                "values": means,
                "blocks": repeat(PUBLIC_ITEMS if split == "public" else ITEMS - PUBLIC_ITEMS),
            }
            sink.add("resampled", resampled)
        items = (raw(rng.normal(self.public[at], 3.0, ITEMS)) for at in kept)
        sink.add(
            "item_scores", {"judging_id": (kept + 1).tolist(), "metric": repeat("psnr"), "values": items}
        )
        behind = (raw(rng.normal(-self.public[at], 3.0, PUBLIC_ITEMS)) for at in self.standing)
        rungs: Columns = {
            "assignment": repeat(ASSIGNMENT.slug),
            "run_kind": repeat("evaluate"),
            "team_id": self.team_of[self.standing].tolist(),
            "loss": (-self.public[self.standing]).tolist(),
            "losses": behind,
            "data_sha256": repeat(DATA),
        }
        sink.add("rungs", rungs)


def sent(refs: Numbers, teams: Numbers, received: Iterable[str], state: str) -> Columns:
    constant = {
        "assignment": ASSIGNMENT.slug,
        "run_kind": "evaluate",
        "size": 1_000_000,
        "file_name": "submission.zip",
        "description": "one more layer",
        "state": state,
        "attempts": int(state == "scored"),
        "faults": 0,
    }
    return {
        "id": refs.tolist(),
        "team_id": teams.tolist(),
        "sha256": sha256s(refs, "archive"),
        "received_at": received,
        **{name: repeat(value) for name, value in constant.items()},
    }


def sha256s(refs: Numbers, what: str) -> list[str]:
    return [hashlib.sha256(f"{what} {ref}".encode()).hexdigest() for ref in refs.tolist()]


def raw(values: Floats) -> bytes:
    return values.astype("<f4").tobytes()


def told(moment: datetime) -> str:
    """In UTC, as SQLite keeps it; PostgreSQL understands it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def times(moments: npt.NDArray[np.datetime64]) -> list[str]:
    return [text.replace("T", " ") for text in np.datetime_as_string(moments, unit="us").tolist()]
