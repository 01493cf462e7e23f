"""Applied grades as one table: CSV for a spreadsheet, Parquet for a program."""

import io
from typing import Any

import pandas as pd

from leaderboard.grades.exports.spreadsheet import protect
from leaderboard.grades.policy import TOTAL
from leaderboard.grades.records import Applied, Book

TEXTS = ("username", "name", "email", "team", "letter")


def frame(book: Book) -> pd.DataFrame:
    """A row a student: who, each item's points, the total of the possible one, its percentage, the letter."""
    items = [item.name for item in book.file.policy.items]
    made = pd.DataFrame([_row(one, items) for one in book.students], columns=_columns(items))
    kinds: dict[str, Any] = {name: "string" if name in TEXTS else "float64" for name in made.columns}
    return made.astype(kinds)


def csv_text(book: Book) -> str:
    """Texts that begin like formulas are protected: see spreadsheet.py."""
    made = frame(book)
    for name in TEXTS:
        made[name] = made[name].map(protect)
    return str(made.to_csv(index=False, lineterminator="\r\n"))


def parquet(book: Book) -> bytes:
    """Texts as they are; the policy's version is in the file's metadata."""
    made, out = frame(book), io.BytesIO()
    made.attrs = {"policy": book.file.sha256}
    made.to_parquet(out, index=False, engine="pyarrow")
    return out.getvalue()


def _columns(items: list[str]) -> list[str]:
    return ["username", "name", "email", "team", *items, TOTAL, "possible", "percent", "letter"]


def _row(one: Applied, items: list[str]) -> list[object]:
    who = [one.pupil.username, one.pupil.name, one.pupil.email, one.pupil.team]
    points = [one.grades[item].total if item in one.grades else None for item in items]
    total = one.total
    if total is None:
        return [*who, *points, None, None, None, ""]
    percent = None if total.raw is None else round(100 * total.raw, 6)
    return [*who, *points, total.total, total.possible, percent, total.letter]
