"""From a score to points: linear between knots, flat outside. Pure."""

from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True)
class Knot:
    """`gain` grows as scores get better: the score, or its negative where lower is better."""

    gain: float
    points: float


@dataclass(frozen=True)
class Curve:
    """`knots` in ascending order of gain, and so of points."""

    knots: tuple[Knot, ...]

    @property
    def top(self) -> float:
        return self.knots[-1].points

    def points(self, gain: float) -> float:
        """
        >>> curve = Curve((Knot(0.5, 50.0), Knot(0.75, 90.0)))
        >>> [curve.points(gain) for gain in (0.25, 0.5, 0.625, 1.0)]
        [50.0, 50.0, 70.0, 90.0]
        """
        below, above = self.between(gain)
        if gain <= below.gain or above.gain == below.gain:
            return below.points
        if gain >= above.gain:
            return above.points
        share = (gain - below.gain) / (above.gain - below.gain)
        return min(above.points, below.points + share * (above.points - below.points))

    def between(self, gain: float) -> tuple[Knot, Knot]:
        """The two knots that it lies between; the same one twice outside of them."""
        number = bisect_left([knot.gain for knot in self.knots], gain)
        return self.knots[max(number - 1, 0)], self.knots[min(number, len(self.knots) - 1)]

    def up_to(self, gain: float, points: float) -> "Curve":
        """The curve that goes on to one more knot, if that lies beyond the last."""
        if gain <= self.knots[-1].gain:
            return self
        return Curve((*self.knots, Knot(gain, max(points, self.top))))
