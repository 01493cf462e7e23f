"""The ledger's tables of people: teams, students, staff, and what lets them in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from leaderboard.columns import Base
from leaderboard.membership import Role
from leaderboard.names import LONGEST_NAME
from leaderboard.records import TeamKind


class TeamRow(Base):
    __tablename__ = "teams"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[TeamKind]
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]  # of its latest claim: whose turn it is
    merged_into: Mapped[int | None]  # the team that this one became part of


class StudentRow(Base):
    __tablename__ = "students"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    username: Mapped[str] = mapped_column(String(LONGEST_NAME))
    username_key: Mapped[str] = mapped_column(Text, unique=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    created_at: Mapped[datetime]


class StaffRow(Base):
    """Instructors and observers. Who was removed stays: the audit log names them."""

    __tablename__ = "staff"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    email: Mapped[str] = mapped_column(String(254))
    username: Mapped[str] = mapped_column(String(LONGEST_NAME))
    username_key: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[Role]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class TokenRow(Base):
    """What lets somebody in, by the SHA-256 of a secret of 256 random bits, which can't be guessed from it.

    kind: "invitation" (for one log-in), "client" or "session". `replaces`: the client's
    one before, which ends soon after this one is first used.
    """

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("(student_id IS NULL) <> (staff_id IS NULL)", name="whose"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    student_id: Mapped[int | None] = mapped_column(ForeignKey("students.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    replaces: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))
    last_seen_at: Mapped[datetime | None]
