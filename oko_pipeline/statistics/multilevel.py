"""Two- and three-level linear models of groups from sufficient statistics: exact REML without a row a pupil.

Predictors are properties of the group (school), so the likelihood depends on the pupils through sizes, means and sums
of squares alone. `random_intercept` estimates the variance of pupils too; `meta_regression` takes sampling variances
as known, with one or several results a group. statsmodels' MixedLM is the independent check in the tests.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oko_pipeline.errors import ContractError
from oko_pipeline.statistics.intervals import CONFIDENCE, Floats, Interval, normal_quantile


@dataclass(frozen=True, slots=True)
class GroupModel:
    """A fitted model; arrays have one entry a group, in the order given.

    `between_variance` is τ² of the groups, `within_variance` σ² of pupils or, in `meta_regression`, ω² of results of
    one group beyond their sampling error. `weight` is 1 / (τ² + sampling variance of the group's mean); `effect` the
    shrunken group effect (BLUP), `effect_variance` its mean squared error with the estimation of coefficients and of τ²
    counted in (Prasad, Rao 1990, JASA 85:163, formula 2.13: g1 + g2 + 2·g3). `log_likelihood` is restricted.
    """

    coefficients: Floats
    covariance: Floats
    between_variance: float
    within_variance: float
    mean: Floats
    fitted: Floats
    weight: Floats
    effect: Floats
    effect_variance: Floats
    log_likelihood: float

    @property
    def residual(self) -> Floats:
        """Observed mean less fitted one, not shrunken."""
        return self.mean - self.fitted

    @property
    def reliability(self) -> Floats:
        """Share of the variance of a group's mean that is between groups: τ² / (τ² + sampling variance)."""
        return self.between_variance * self.weight

    def effect_interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return normal intervals of the group effects around the shrunken values."""
        half = normal_quantile(confidence) * np.sqrt(self.effect_variance)
        return Interval(self.effect - half, self.effect + half)


def random_intercept(sizes: npt.ArrayLike, means: npt.ArrayLike, squares: npt.ArrayLike, design: Floats) -> GroupModel:
    """Fit y = xβ + u + e by REML from group sizes, means and within-group sums of squared deviations.

    Formula: with λ = τ²/σ² and h = n/(1+λn), −2ℓ = (N−p)·ln σ̂² + Σ ln(1+λn) + ln|X'HX| + const, where
    σ̂² = (SS within + Σ h(ȳ−xβ̂)²)/(N−p); Searle, Casella, McCulloch 1992, ch. 6. Profiled, so one number is sought.

    Args:
        sizes: pupils of each group, 1 or more.
        means: mean result of each group.
        squares: Σ(y−ȳ)² of each group; 0 for a group of one.
        design: groups × predictors, with the column of ones.

    Raises:
        ContractError: when there are no more groups than predictors, or the design has dependent columns.
    """
    n, y = np.asarray(sizes, dtype=np.float64), np.asarray(means, dtype=np.float64)
    within = float(np.sum(np.asarray(squares, dtype=np.float64)))
    _require_estimable(design)
    degrees = float(n.sum()) - design.shape[1]

    def at(share: float) -> tuple[float, float, float]:
        ratio = share / (1 - share)
        h = n / (1 + ratio * n)
        between, log_det = _generalised_squares(y, h, design)
        sigma2 = (within + between) / degrees
        deviance = degrees * np.log(max(sigma2, 1e-300)) + float(np.log1p(ratio * n).sum()) + log_det
        return deviance, sigma2, ratio

    best = _minimise(lambda share: at(share)[0])
    deviance, sigma2, ratio = at(best)
    # The constant makes the value comparable with that of other programs.
    constant = degrees * (1 + np.log(2 * np.pi))
    tau2 = ratio * sigma2
    return _fitted(y, sigma2 / n, (tau2, sigma2), design, -0.5 * (deviance + constant))


def meta_regression(
    results: npt.ArrayLike, variances: npt.ArrayLike, groups: npt.ArrayLike, design: Floats
) -> GroupModel:
    """Fit y = xβ + u(group) + w(result) + e by REML, e having known variances: random-effects meta-regression.

    Formula: a group's results with weights 1/(v+ω²) reduce to their weighted mean with variance 1/Σ(1/(v+ω²)); the
    restricted likelihood over (τ², ω²) is then exact (Hedges, Tipton, Johnson 2010; Konstantopoulos 2011, Research
    Synthesis Methods 2:61). Where every group has one result, ω² is not identifiable and is 0.

    Args:
        results: values, one or several a group.
        variances: their sampling variances, above zero.
        groups: place of each value's group in `design`, 0 … J−1; every group has a value.
        design: groups × predictors, with the column of ones.

    Raises:
        ContractError: when there are no more groups than predictors, or the design has dependent columns.
    """
    y, v = np.asarray(results, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    place = np.asarray(groups, dtype=np.intp)
    _require_estimable(design)
    several = len(y) > len(design)
    scale = max(float(np.var(y)), 1e-12)

    def reduced(omega2: float) -> tuple[Floats, Floats, float]:
        w = 1 / (v + omega2)
        total = np.bincount(place, w, len(design)).astype(np.float64)
        mean = np.bincount(place, w * y, len(design)) / total
        rest = float(np.sum(w * (y - mean[place]) ** 2) - np.sum(np.log(w)))
        return mean, total, rest

    def deviance(tau2: float, omega2: float) -> float:
        mean, total, rest = reduced(omega2)
        between, log_det = _generalised_squares(mean, total / (1 + tau2 * total), design)
        return rest + float(np.log1p(tau2 * total).sum()) + between + log_det

    tau2, omega2 = _minimise_two(deviance, scale) if several else (_minimise_variance(deviance, scale), 0.0)
    mean, total, _ = reduced(omega2)
    constant = (len(y) - design.shape[1]) * np.log(2 * np.pi)
    return _fitted(mean, 1 / total, (tau2, omega2), design, -0.5 * (deviance(tau2, omega2) + constant))


def _require_estimable(design: Floats) -> None:
    if len(design) <= design.shape[1]:
        raise ContractError(f"Для модели с {design.shape[1]} коэффициентами мало групп: {len(design)}.")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ContractError("Столбцы условий в модели линейно зависимы.")


def _generalised_squares(y: Floats, h: Floats, design: Floats) -> tuple[float, float]:
    """Return Σh(y−xβ̂)² at the generalised least squares β̂, and ln|X'HX|."""
    weighted = design * h[:, None]
    information = design.T @ weighted
    beta = np.linalg.solve(information, weighted.T @ y)
    return float(np.sum(h * (y - design @ beta) ** 2)), float(np.linalg.slogdet(information)[1])


def _minimise(function: Callable[[float], float]) -> float:
    """Return the share τ²/(τ²+σ²) in [0, 1) with the least deviance; the bound 0 is tried by itself."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(function, bounds=(0.0, 0.999999), method="bounded", options={"xatol": 1e-10})
    return 0.0 if function(0.0) <= float(found.fun) else float(found.x)


def _minimise_variance(deviance: Callable[[float, float], float], scale: float) -> float:
    share = _minimise(lambda part: deviance(scale * part / (1 - part), 0.0))
    return scale * share / (1 - share)


def _minimise_two(deviance: Callable[[float, float], float], scale: float) -> tuple[float, float]:
    from scipy.optimize import minimize

    found = minimize(
        lambda t: deviance(scale * t[0], scale * t[1]),
        x0=np.array([0.3, 0.1]),
        bounds=[(0.0, None), (0.0, None)],
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-9},
    )
    return float(found.x[0] * scale), float(found.x[1] * scale)


def _fitted(
    mean: Floats, variance: Floats, components: tuple[float, float], design: Floats, log_likelihood: float
) -> GroupModel:
    tau2, within = components
    h = 1 / np.maximum(tau2 + variance, 1e-300)
    weighted = design * h[:, None]
    covariance = np.linalg.inv(design.T @ weighted).astype(np.float64)
    beta = covariance @ (weighted.T @ mean)
    fitted = design @ beta
    shrink = tau2 * h
    leverage = np.einsum("ij,jk,ik->i", design, covariance, design)
    of_tau2 = 2 / float(np.sum(h**2))
    uncertainty = tau2 * (1 - shrink) + shrink**2 * leverage + 2 * variance**2 * h**3 * of_tau2
    return GroupModel(
        coefficients=beta,
        covariance=covariance,
        between_variance=tau2,
        within_variance=within,
        mean=mean,
        fitted=fitted,
        weight=h,
        effect=shrink * (mean - fitted),
        effect_variance=uncertainty,
        log_likelihood=log_likelihood,
    )
