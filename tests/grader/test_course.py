"""The course folder: private, versioned, its settings checked, its data verified at every reading."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import catalogue, prepared
from grader.course import Config, Course, Settings, extend, init, open_course, save, with_database
from grader.errors import HeldoutError
from grader.rules import Rules
from grader.spec import Assignment, Budget, Metric, Prepared, Preview, Scores


def toy(draws: list[int] | None = None) -> Assignment:
    def draw(source: Path | None, seed: int, n: int) -> Prepared:
        values = np.random.default_rng(seed).random(n)
        if draws is not None:
            draws.append(seed)
        return Prepared(
            {"examples": values[:3]}, {"items": values, "public": np.arange(len(values)) % 5 == 0}
        )

    return Assignment(
        slug="toy",
        title="Toy",
        metrics=(Metric("accuracy", "", higher_is_better=True),),
        tiers=(),
        prepare=draw,
        check=lambda session, public: Preview({}),
        evaluate=lambda student, heldout, rng: Scores({}),
    )


@pytest.fixture
def course(tmp_path: Path) -> Course:
    made = init(
        tmp_path / "course", Config(title='A "quoted" 🧠 title', assignments={"toy": Settings(items=64)})
    )
    prepared.prepare(made, toy())
    return made


def test_a_course_opens_as_it_was_made(course: Course) -> None:
    opened = open_course(course.folder)
    assert opened == course
    assert opened.seed == course.seed
    assert course.folder.stat().st_mode & 0o777 == 0o700
    assert (course.folder / "seed").stat().st_mode & 0o777 == 0o600


def test_nothing_of_a_course_gets_into_a_repository_around_it(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "safe.directory=*", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet")
    init(tmp_path / "course", Config())
    assert git("status", "--porcelain", "--untracked-files=all") == ""


def test_two_courses_have_two_seeds_too_long_to_be_tried(tmp_path: Path) -> None:
    one, other = (init(tmp_path / name, Config()).seed for name in "ab")
    assert one != other
    assert 2**192 < one < 2**256  # smaller ones are as likely as to guess 64 bits


def test_a_seed_of_64_bits_is_read_as_it_was(course: Course) -> None:
    (course.folder / "seed").write_text("00000000deadbeef\n")
    assert open_course(course.folder).seed == 0xDEADBEEF


def test_data_are_drawn_once_by_the_seed(course: Course) -> None:
    draws: list[int] = []
    assert not prepared.prepare(course, toy(draws))
    assert draws == []
    first = prepared.load_data(course, "toy")
    assert len(first.heldout["items"]) == 64
    (course.data("toy") / "manifest.json").unlink()
    assert prepared.prepare(course, toy(draws))
    assert draws == [course.seed]
    assert prepared.load_data(course, "toy").sha256 == first.sha256


def append(line: str) -> Any:
    def change(course: Course) -> None:
        with (course.folder / "course.toml").open("a") as file:
            file.write(line + "\n")

    return change


def flip(name: str) -> Any:
    def change(course: Course) -> None:
        path = course.data("toy") / name
        damaged = bytearray(path.read_bytes())
        damaged[-40] ^= 1
        path.write_bytes(damaged)

    return change


@pytest.mark.parametrize(
    ("change", "says", "next_step"),
    [
        (lambda course: course.folder.chmod(0o755), "open to other users", "chmod 700"),
        (lambda course: rewrite(course, "format = 1", "format = 2"), "newer version", "upgrade"),
        (lambda course: rewrite(course, "format = 1", "format = one"), "can't be read", ""),
        (append("wall_seconds = -1"), "wall_seconds", "correct that line"),
        (append("wal_seconds = 10"), "wal_seconds", "correct that line"),
        (lambda course: (course.folder / "course.toml").unlink(), "no course folder", "--course"),
    ],
    ids=["open to others", "newer", "not TOML", "negative limit", "unknown setting", "no course"],
)
def test_what_is_wrong_with_a_course_is_named(course: Course, change: Any, says: str, next_step: str) -> None:
    change(course)
    with pytest.raises(HeldoutError) as caught:
        open_course(course.folder)
    assert says in str(caught.value)
    assert next_step in caught.value.next_step


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (flip("heldout.npz"), "altered"),
        (flip("public.npz"), "altered"),
        (lambda course: (course.data("toy") / "heldout.npz").unlink(), "missing"),
        (lambda course: (course.data("toy") / "manifest.json").write_text("{"), "damaged"),
        (lambda course: (course.data("toy") / "manifest.json").unlink(), "not prepared"),
    ],
    ids=["held-out altered", "public altered", "file missing", "manifest damaged", "manifest missing"],
)
def test_what_is_wrong_with_the_data_is_named(course: Course, change: Any, says: str) -> None:
    change(course)
    with pytest.raises(HeldoutError, match=says) as caught:
        prepared.load_data(course, "toy")
    assert "heldout course init" in caught.value.next_step


def rewrite(course: Course, old: str, new: str) -> None:
    path = course.folder / "course.toml"
    path.write_text(path.read_text().replace(old, new))


def test_init_leaves_other_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(HeldoutError, match="not empty"):
        init(tmp_path, Config())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_paths_in_the_settings_are_relative_to_the_course_folder(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(course, "format = 1", 'format = 1\ndata = "/srv/data"')
    append('data = "texts/own.txt"')(course)
    monkeypatch.chdir(tmp_path)
    config = open_course(Path("course")).config
    assert config.data == Path("/srv/data")
    assert config.assignments["toy"].data == course.folder / "texts" / "own.txt"


def test_paths_of_a_new_course_are_relative_to_where_they_were_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config(data=Path("data"), assignments={"toy": Settings(data=Path("own.txt"))})
    made = init(Path("course"), config)
    assert made.config.data == tmp_path / "data"
    assert made.config.assignments["toy"].data == tmp_path / "own.txt"
    assert open_course(Path("course")) == made


def test_the_readme_lists_every_setting() -> None:
    readme = (catalogue.HOME / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^## Settings$.*?^```toml$(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    [course, *tables] = block.split("[assignments.")
    rules = [table for table in tables if ".rules" in table.partition("\n")[0]]
    assignments = [table for table in tables if table not in rules]
    assert setting_names(course) == set(Config.model_fields) - {"assignments"}
    assert set().union(*map(setting_names, assignments)) == set(Settings.model_fields) - {"rules"}
    assert set().union(*map(setting_names, rules)) | {"extensions"} == set(Rules.model_fields) | {"ada"}


def setting_names(toml: str) -> set[str]:
    return set(re.findall(r"^(?:# )?(\w+) = ", toml, re.MULTILINE))


def test_settings_override_limits_and_unknown_assignments_are_named(course: Course) -> None:
    append("wall_seconds = 7.5\ntrain_cpu_seconds = 60\ntrainings = 3")(course)
    opened = open_course(course.folder)
    assert opened.settle(toy()).limits.wall_seconds == 7.5
    assert opened.settle(toy()).limits.check_seconds == toy().limits.check_seconds
    assert opened.settle(toy()).budget == Budget(cpu_seconds=60, trainings=3)
    assert (
        tomllib.loads((course.folder / "course.toml").read_text(encoding="utf-8"))["title"]
        == 'A "quoted" 🧠 title'
    )
    other = Assignment(**{**toy().__dict__, "slug": "other"})
    with pytest.raises(HeldoutError, match="no assignment 'other'") as caught:
        opened.settle(other)
    assert caught.value.next_step == f"add it: heldout course init {course.folder} --assignment other"


def test_an_assignment_is_added_and_what_an_instructor_wrote_is_kept(course: Course) -> None:
    append("# a remark")(course)
    before = (course.folder / "course.toml").read_text(encoding="utf-8")
    added = {"other": Settings(items=64)}
    extended = extend(course, added)
    assert open_course(course.folder) == course, "nothing is written yet"
    save(course, added)
    assert open_course(course.folder) == extended
    assert (course.folder / "course.toml").read_text(encoding="utf-8").startswith(before)
    assert set(extended.config.assignments) == {"toy", "other"}


def test_settings_that_nothing_can_be_appended_to_are_named(course: Course) -> None:
    (course.folder / "course.toml").write_text("assignments = {toy = {items = 64}}\n")
    with pytest.raises(HeldoutError, match="can't be read"):
        extend(open_course(course.folder), {"other": Settings()})


URL = 'postgresql://ada:"s\\1@localhost/course'


@pytest.mark.parametrize("url", [URL, ""])
@pytest.mark.parametrize(
    "line",
    ['database = "sqlite:///old.db"', "database='x'  # the old one", '  "database" = "x"', 'database = ""'],
)
def test_the_database_is_set_in_its_line(line: str, url: str) -> None:
    before, after = '# database = "no"\ntitle = "database = 1"\n', "\n[assignments.toy]\nitems = 64\n"
    changed = with_database(f"{before}{line}\n{after}", url)
    assert tomllib.loads(changed).get("database", "") == url
    assert changed.startswith(before)
    assert changed.endswith(after)


@pytest.mark.parametrize(
    "text", ['title = "x"\n', 'database = """\nx"""\n', '[assignments]\ndatabase = "x"\n']
)
def test_a_database_that_is_not_in_a_line_can_not_be_set(text: str) -> None:
    with pytest.raises(HeldoutError, match=r"can't be|setting"):
        with_database(text, URL)
