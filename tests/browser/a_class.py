"""A class that never was, to be photographed: its models are averages of shipped ones, and really graded."""

from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree, rmtree

from commands.workbench import on_this_machine
from grader import catalogue
from grader.archive import pack_for
from grader.course import Course
from grader.outline import RunKind
from leaderboard.receive import receive
from leaderboard.records import TeamKind
from leaderboard.store import Store
from tests.server.test_serve import HOME

PAIR = "Hopper & Liskov"
STUDENTS = (
    ("Ada Lovelace", ""),
    ("Grace Hopper", PAIR),
    ("Barbara Liskov", PAIR),
    ("Emmy Noether", ""),
    ("Alan Turing", ""),
    ("Sofia Kovalevskaya", ""),
    ("Katherine Johnson", ""),
    ("Claude Shannon", ""),
    ("Florence Nightingale", ""),
    ("Andrey Kolmogorov", ""),
    ("Mary Cartwright", ""),
    ("Leonhard Euler", ""),
)
# day, team, what it said, and the mixture, in tenths
DENOISING = (
    (1, "Alan Turing", "median first", "median 6 gaussian 4"),
    (1, "Mary Cartwright", "blur, twice", "gaussian 8 identity 2"),
    (2, "Claude Shannon", "Wiener by hand", "wiener 9 gaussian 1"),
    (3, "Ada Lovelace", "frequencies", "wiener 7 gaussian 3"),
    (4, PAIR, "the starter, wider", "wiener 6 fc_dae 4"),
    (5, "Leonhard Euler", "patches", "wiener 8 median 2"),
    (6, "Emmy Noether", "an autoencoder", "fc_dae 7 wiener 3"),
    (8, "Florence Nightingale", "an average of two", "gaussian 3 fc_dae 7"),
    (9, "Sofia Kovalevskaya", "U-Net, depth 2", "unet 5 wiener 5"),
    (11, "Ada Lovelace", "residual, 8 layers", "unet 7 wiener 3"),
    (12, "Katherine Johnson", "an autoencoder, longer", "fc_dae 8 wiener 2"),
    (14, "Andrey Kolmogorov", "mirror images averaged", "fc_dae 6 unet 4"),
    (16, PAIR, "U-Net", "unet 8 gaussian 2"),
    (17, "Alan Turing", "shrinkage", "wiener 9 identity 1"),
    (18, "Sofia Kovalevskaya", "two U-Nets", "unet 9 fc_dae 1"),
    (19, "Ada Lovelace", "U-Net and autoencoder, averaged", "unet 7 fc_dae 3"),
)
GAN = (
    (6, "Alan Turing", "Gaussians by class, narrower", "class_pca_gaussian 0.8"),
    (10, "Claude Shannon", "DCGAN, at the mean", "dcgan 0.5"),
    (13, PAIR, "DCGAN, truncated", "dcgan 0.85"),
    (17, "Ada Lovelace", "R1, truncated", "dcgan_r1 0.9"),
    (19, "Katherine Johnson", "R1, wide", "dcgan_r1 1.1"),
)
LOADING = """import importlib.util


def part(folder, device):
    found = importlib.util.spec_from_file_location(folder.name, folder / "model.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.load(folder, device)


"""
MIXTURE = (
    LOADING
    + """class Mixture:
    def __init__(self, parts):
        self.parts = parts

    def denoise(self, noisy):
        return sum(share * model.denoise(noisy) for share, model in self.parts).clamp(0, 1)


def load(folder, device):
    return Mixture([(share / 10, part(folder / name, device)) for name, share in {shares}.items()])
"""
)
TRUNCATED = (
    LOADING
    + """class Truncated:
    def __init__(self, model):
        self.model, self.latent_size = model, model.latent_size

    def generate(self, z):
        return self.model.generate({scale} * z)


def load(folder, device):
    return Truncated(part(folder / "{name}", device))
"""
)


class Semester:
    """Three weeks of it: whoever hands something in does it on a day, and it is graded on that day."""

    def __init__(self, course: Course, begun: datetime) -> None:
        self._begun = self._now = begun
        self._course = course
        self.store = Store.open(
            course.database,
            clock=lambda: self._now,
            assignments=lambda slug: course.settle(catalogue.find(slug)),
        )

    def ship(self, slug: str) -> None:
        for one in catalogue.solutions(slug):
            self.store.ensure_team(one.team, TeamKind(one.kind))
            self.hand_in(0, one.team, slug, "", one.folder)

    def hand_in(
        self, day: float, team: str, slug: str, said: str, folder: Path, *, train: bool = False
    ) -> int:
        self._now = max(self._begun + timedelta(days=day), self._now + timedelta(minutes=7))
        kind = RunKind.TRAIN if train else RunKind.EVALUATE
        assignment = self._course.settle(catalogue.find(slug))
        archive = pack_for(assignment, folder, kind)
        receipt = receive(
            self.store,
            self._course.archives,
            archive,
            team=team,
            assignment=assignment,
            description=said,
            run_kind=kind,
        )
        return receipt.ref

    def grade(self) -> None:
        """What was handed in by now, a few minutes later."""
        self._now += timedelta(minutes=4)
        with on_this_machine(self._course, self.store, jobs=2, sandbox_name="auto") as bench:
            bench.run()


def attend(course: Course, begun: datetime, work: Path) -> int:
    """Everybody hands in; returns the number of a train run that is worth a look."""
    semester = Semester(course, begun)
    for slug in ("denoising", "gan"):
        semester.ship(slug)
        semester.grade()
    for day, team, said, made in sorted(DENOISING):
        semester.hand_in(day, team, "denoising", said, mix(work / "denoiser", made))
        semester.grade()
    for day, team, said, made in GAN:
        semester.hand_in(day, team, "gan", said, truncate(work / "generator", made))
        semester.grade()
    starter = wider(work / "wider")
    chosen = semester.hand_in(
        20, "Ada Lovelace", "denoising", "the starter, twice as wide", starter, train=True
    )
    semester.grade()
    semester.store.close()
    return chosen


def solution(slug: str, name: str) -> Path:
    return next(HOME.glob(f"*/{slug}/{name}"))


def mix(folder: Path, made: str) -> Path:
    words = made.split()
    shares = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    return written(folder, "denoising", list(shares), MIXTURE.replace("{shares}", repr(shares)))


def truncate(folder: Path, made: str) -> Path:
    name, scale = made.split()
    return written(folder, "gan", [name], TRUNCATED.replace("{scale}", scale).replace("{name}", name))


def written(folder: Path, slug: str, parts: list[str], model: str) -> Path:
    rmtree(folder, ignore_errors=True)
    for name in parts:
        copytree(solution(slug, name), folder / name)
    (folder / "model.py").write_text(model)
    return folder


def wider(folder: Path) -> Path:
    copytree(HOME / "assignments" / "denoising" / "starter", folder)
    model = folder / "model.py"
    model.write_text(model.read_text().replace("CHANNELS = 16", "CHANNELS = 32"))
    return folder
