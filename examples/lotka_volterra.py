"""Predators and prey: the rates of an ODE from noisy counts, by Gauss and Newton's way.

    prey' = prey (a - b predators),   predators' = predators (c prey - d)

(Lotka 1925, Volterra 1926) is solved by Runge and Kutta's method of order four, in a compiled loop.
SciPy's least squares (Levenberg-Marquardt) takes residuals and their jacobian, which is the
loop's forward derivative.  Populations are simulated from rates that are known, again and again: do
the intervals that each fit states hold the truth as often as they say?

    python examples/lotka_volterra.py
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares
from tqdm import tqdm

import gradc
import gradc.tensor as T
from gradc.control import scan
from gradc.graph.variable import Variable

Array = npt.NDArray[np.float64]

PICTURE = Path(__file__).parent / "output" / "lotka_volterra.png"
NAMES = ["a", "b", "c", "d", "prey at 0", "predators at 0"]
TRUTH = np.log([1.0, 0.1, 0.075, 1.5, 10.0, 5.0])  # rates, and where it starts; all are positive
START = np.log([0.7, 0.07, 0.1, 1.2, 12.0, 6.0])
NOISE = 0.1  # of the logarithm of a count
COUNTS, END = 50, 15.0  # counted so often, until then
STEPS = 20  # of Runge and Kutta between two counts


@dataclass(frozen=True)
class Fit:
    """Logarithms of what was found, half the width of 95 % intervals, and the joint region."""

    theta: Array
    half: Array
    precision: Array  # of theta, per unit of `radius`
    radius: float

    def holds(self, truth: Array) -> tuple[npt.NDArray[np.bool_], bool]:
        """Whether the truth is in each interval, and in the region of all parameters."""
        off = truth - self.theta
        return np.abs(off) < self.half, bool(off @ self.precision @ off < self.radius)


def slope(state: Variable, rates: Variable) -> Variable:
    """How fast prey and predators become more."""
    prey, predators = state[0], state[1]
    a, b, c, d = rates[0], rates[1], rates[2], rates[3]
    return T.stack([prey * (a - b * predators), predators * (c * prey - d)])


def solution(theta: Variable, width: float = END / COUNTS / STEPS) -> Variable:
    """The logarithms of both populations when they are counted: [COUNTS, 2]."""
    rates = T.exp(theta[:4])

    def step(state: Variable, _: None) -> tuple[Variable, Variable]:
        first = slope(state, rates)
        second = slope(state + 0.5 * width * first, rates)
        third = slope(state + 0.5 * width * second, rates)
        fourth = slope(state + width * third, rates)
        state = state + width / 6 * (first + 2 * second + 2 * third + fourth)
        return state, state

    _, states = scan(step, T.exp(theta[4:]), length=COUNTS * STEPS)
    return T.log(states[STEPS - 1 :: STEPS])


@gradc.jit
def residuals(theta: Variable, logs: Variable) -> Variable:
    """What of the counts the solution does not explain."""
    return T.flatten(solution(theta) - logs)


@gradc.jit
def jacobian(theta: Variable, logs: Variable) -> Variable:
    """Their derivatives: one solution for each parameter's direction, all in one loop."""

    def along(direction: Variable) -> Variable:
        return gradc.jvp(lambda theta: residuals(theta, logs), (theta,), (direction,))[1]

    return T.transpose(gradc.vmap(along)(T.eye(len(START))))


def simulate(seed: int, truth: Array = TRUTH) -> Array:
    """The logarithms of counts of populations, which SciPy solves for."""
    a, b, c, d, *start = np.exp(truth)
    times = np.linspace(0, END, COUNTS + 1)
    found = solve_ivp(
        lambda _, z: [z[0] * (a - b * z[1]), z[1] * (c * z[0] - d)],
        (0, END), start, t_eval=times[1:], rtol=1e-9, atol=1e-9,
    )  # fmt: skip
    return np.log(found.y.T) + NOISE * np.random.default_rng(seed).standard_normal((COUNTS, 2))


def fit(logs: Array) -> Fit:
    """The parameters that explain the counts best, and how sure they are."""
    found = least_squares(residuals, START, jacobian, args=(logs,), method="lm")
    count, width = found.jac.shape
    free = count - width
    variance = 2 * found.cost / free
    precision = found.jac.T @ found.jac / variance
    deviations = np.sqrt(np.diag(np.linalg.inv(precision)))
    half = stats.t.ppf(0.975, free) * deviations
    return Fit(found.x, half, precision, width * stats.f.ppf(0.95, width, free))


def coverage(simulations: int) -> tuple[list[Fit], Array, int]:
    """Fits to simulated counts; how many intervals of each parameter, and regions, are right."""
    fits = [fit(simulate(seed)) for seed in tqdm(range(simulations), desc="fitting")]
    held = [each.holds(TRUTH) for each in fits]
    return fits, np.sum([each for each, _ in held], axis=0), sum(every for _, every in held)


def draw(path: Path, logs: Array, fits: list[Fit]) -> None:
    """Save a picture: counts and the fitted solution, and the intervals of all simulations."""
    import matplotlib as mpl  # takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.1))
    axes = left.subplots()
    times = np.linspace(0, END, COUNTS + 1)[1:]
    fitted = np.exp(gradc.jit(solution)(fits[0].theta))
    for k, (name, colour) in enumerate((("prey", "tab:green"), ("predators", "tab:red"))):
        axes.plot(times, np.exp(logs[:, k]), ".", color=colour)
        axes.plot(times, fitted[:, k], color=colour, label=name)
    axes.set(title="counts and fit", xlabel="time", ylim=(0, None))
    axes.legend(fontsize=8)
    for k, axes in enumerate(right.subplots(2, 3).flat):
        for row, each in enumerate(fits):
            centre, half, off = each.theta[k], each.half[k], each.theta[k] - TRUTH[k]
            colour = "tab:blue" if abs(off) < half else "tab:orange"
            axes.plot(np.exp([centre - half, centre + half]), [row, row], color=colour)
        axes.axvline(np.exp(TRUTH[k]), color="k", lw=0.8)
        axes.set_yticks([])
        axes.tick_params(labelsize=7)
        axes.set_title(NAMES[k], fontsize=9)
    right.suptitle(f"95 % intervals of {len(fits)} simulations, and the truth", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Fit, count."""
    parser = argparse.ArgumentParser(description="Lotka and Volterra's equations, fitted.")
    parser.add_argument("--simulations", type=int, default=20)
    parser.add_argument("--picture", type=Path, default=PICTURE, help="where to save the picture")
    args = parser.parse_args()
    fits, each, every = coverage(args.simulations)
    first = fits[0]
    low, high = np.exp(first.theta - first.half), np.exp(first.theta + first.half)
    for k, name in enumerate(NAMES):
        print(f"{name:14}  truth {np.exp(TRUTH[k]):6.3f}, first fit {low[k]:6.3f} to "
              f"{high[k]:6.3f}; {each[k]} of {len(fits)} intervals hold the truth")  # fmt: skip
    print(f"{every} of {len(fits)} joint regions hold the truth")
    draw(args.picture, simulate(0), fits)
    print(f"picture: {os.path.relpath(args.picture)}")


if __name__ == "__main__":
    main()
