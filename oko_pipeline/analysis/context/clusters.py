"""Statistical clusters of schools by their conditions, with stability, borderline schools and published centres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from oko_pipeline.analysis.context.conditions import Conditions, Points, standard_points
from oko_pipeline.analysis.context.options import CLUSTERS, ClusterOptions
from oko_pipeline.catalogue.conditions import Property
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import CLUSTER_CHOICES, CLUSTER_PROFILES, SCHOOL_CLUSTERS
from oko_pipeline.statistics.intervals import Floats
from oko_pipeline.statistics.partitioning import Partition, centroid_distances, partition


@dataclass(frozen=True, slots=True)
class ClusterTables:
    """Rows of `school_clusters`, `cluster_profiles` and `cluster_choices` of a year."""

    school_clusters: pd.DataFrame
    cluster_profiles: pd.DataFrame
    cluster_choices: pd.DataFrame


def school_clusters(
    conditions: Conditions,
    properties: Sequence[Property],
    groups: pd.DataFrame,
    options: ClusterOptions,
) -> ClusterTables:
    """Cluster the schools of a year.

    Args:
        conditions: values of properties, a row a school.
        properties: those to cluster by.
        groups: rows of `school_groups` of the year, in the order of `conditions`; they tell who is excluded.
        options: parameters of the method.

    Returns:
        Tables of the year. Where no clustering can be made, schools have no cluster and their `state` says why.
    """
    if groups.empty:
        return ClusterTables(SCHOOL_CLUSTERS.empty(), CLUSTER_PROFILES.empty(), CLUSTER_CHOICES.empty())
    school_year = str(groups["school_year"].iloc[0])
    is_excluded = groups["is_excluded"].to_numpy(dtype=bool)
    points = standard_points(conditions, properties, ~is_excluded, options.missing)
    usable = points.is_usable
    enough = int(usable.sum()) >= options.minimum_schools and len(points.properties) > 0
    found = partition(points.standard[usable], options.partition) if enough else None
    states = np.where(
        is_excluded,
        "excluded",
        np.where(~usable, "missing_data", "clustered" if found else "no_structure" if enough else "too_few_schools"),
    )
    schools = _school_rows(groups, points, found, options).assign(state=states)
    profiles, choices = CLUSTER_PROFILES.empty(), CLUSTER_CHOICES.empty()
    if found is not None:
        profiles = CLUSTER_PROFILES.conform(_profiles(points, found, options).assign(school_year=school_year))
        choices = CLUSTER_CHOICES.conform(_choices(found, int(usable.sum())).assign(school_year=school_year))
    return ClusterTables(SCHOOL_CLUSTERS.conform(schools), profiles, choices)


def cluster_codes(count: int) -> list[str]:
    """Return codes of clusters: K1, K2, … in the order of their centres."""
    return [f"K{place + 1}" for place in range(count)]


def _school_rows(
    groups: pd.DataFrame, points: Points, found: Partition | None, options: ClusterOptions
) -> pd.DataFrame:
    count = len(groups)
    numbers = {
        name: np.full(count, np.nan) for name in ("silhouette", "distance", "distance_margin", "membership_share")
    }
    codes, seconds = np.full(count, None, dtype=object), np.full(count, None, dtype=object)
    borderline = np.full(count, None, dtype=object)
    if found is not None:
        own = np.flatnonzero(points.is_usable)
        names = np.asarray(cluster_codes(len(found.centroids)), dtype=object)
        distance, second, margin = _margins(points.standard[own], found)
        codes[own], seconds[own] = names[found.labels], names[second]
        numbers["silhouette"][own] = found.silhouette
        numbers["distance"][own], numbers["distance_margin"][own] = distance, margin
        numbers["membership_share"][own] = found.membership_share
        borderline[own] = (found.silhouette < options.borderline_silhouette) | (margin < options.borderline_margin)
    return pd.DataFrame(
        {
            "school_year": groups["school_year"].to_numpy(),
            "school_code": groups["school_code"].to_numpy(),
            "cluster_code": codes,
            "second_cluster_code": seconds,
            "is_borderline": pd.array(borderline, dtype="boolean"),
            "missing_share": points.missing_share,
            "imputed_ru": _imputed(points),
            "context_year": groups["context_year"].to_numpy(),
            **numbers,
            **method_columns(CLUSTERS),
        }
    )


def _margins(points: Floats, found: Partition) -> tuple[Floats, npt.NDArray[np.intp], Floats]:
    """Return the distance from the own centre, the nearest other cluster, and 1 − own distance / other distance.

    The margin is negative for a school that stands nearer to another centre than to its own (Ward allows that).
    """
    distances = centroid_distances(points, found.centroids)
    rows = np.arange(len(points))
    own = distances[rows, found.labels]
    others = distances.copy()
    others[rows, found.labels] = np.inf
    second = others.argmin(axis=1)
    nearest = others[rows, second]
    return own, second, 1 - own / np.where(nearest > 0, nearest, np.nan)


def _imputed(points: Points) -> list[str | None]:
    titles = [one.title_ru for one in points.properties]
    return [
        "; ".join(title for title, is_missing in zip(titles, row, strict=True) if is_missing) or None
        if is_usable
        else None
        for row, is_usable in zip(points.is_imputed, points.is_usable, strict=True)
    ]


def _profiles(points: Points, found: Partition, options: ClusterOptions) -> pd.DataFrame:
    own = points.is_usable
    rows: list[dict[str, object]] = []
    for place, code in enumerate(cluster_codes(len(found.centroids))):
        members = found.labels == place
        jaccard = float(found.jaccard[place])
        for column, one in enumerate(points.properties):
            values = points.natural[own][members, column]
            rows.append(
                {
                    "cluster_code": code,
                    "property_code": one.code,
                    "property_title_ru": one.title_ru,
                    "schools_count": int(members.sum()),
                    "centroid": float(values.mean()),
                    "centroid_standard": float(found.centroids[place, column]),
                    "overall_mean": float(points.means[column]),
                    "overall_sd": float(points.deviations[column]),
                    "missing_share": float(points.is_imputed[own][members, column].mean()),
                    "cluster_silhouette": float(found.silhouette[members].mean()),
                    "jaccard": jaccard,
                    "stability": _stability(jaccard, options),
                }
            )
    return pd.DataFrame(rows).assign(**method_columns(CLUSTERS))


def _stability(jaccard: float, options: ClusterOptions) -> str:
    if np.isnan(jaccard):
        return "unknown"
    if jaccard >= options.stable_jaccard:
        return "stable"
    return "doubtful" if jaccard >= options.doubtful_jaccard else "unstable"


def _choices(found: Partition, schools_count: int) -> pd.DataFrame:
    chosen = len(found.centroids)
    return pd.DataFrame(
        {
            "clusters_count": [choice.number for choice in found.choices],
            "silhouette": [choice.silhouette for choice in found.choices],
            "smallest_count": [choice.smallest for choice in found.choices],
            "is_chosen": [choice.number == chosen for choice in found.choices],
            "adjusted_rand": [found.adjusted_rand if choice.number == chosen else np.nan for choice in found.choices],
            "schools_count": schools_count,
            **method_columns(CLUSTERS),
        }
    )
