"""Clusters of schools: states, named borderline schools, gaps, published centres."""

import numpy as np
import pandas as pd
import pytest

from oko_pipeline.analysis.context.clusters import school_clusters
from oko_pipeline.analysis.context.comparables import comparable_schools
from oko_pipeline.analysis.context.options import ClusterOptions, ComparableOptions
from oko_pipeline.catalogue.conditions import properties

CHOSEN = tuple(one for one in properties().properties if one.code in {"settlement_size", "remoteness", "pupils_log"})


def values(count=40, seed=0, far=3.0):
    rng = np.random.default_rng(seed)
    half = count // 2
    return {
        "settlement_size": np.r_[1 + 0.3 * rng.normal(size=half), 1 + far + 0.3 * rng.normal(size=count - half)],
        "transport_access": np.r_[4 + 0.3 * rng.normal(size=half), 4 - far + 0.3 * rng.normal(size=count - half)],
        "pupils_count": np.exp(
            np.r_[4 + 0.2 * rng.normal(size=half), 4 + far / 2 + 0.2 * rng.normal(size=count - half)]
        ),
    }


def groups_of(conditions, excluded=(), group="all"):
    return pd.DataFrame(
        {
            "school_year": "2021-2022",
            "school_code": list(conditions.school_codes),
            "group_code": group,
            "is_excluded": [place in excluded for place in range(len(conditions.school_codes))],
            "context_year": "2021-2022",
        }
    )


def clustered(conditions, excluded=(), **parameters):
    overrides = {f"comparison.clusters.{name}": value for name, value in {"resamplings": 10, **parameters}.items()}
    return school_clusters(conditions, CHOSEN, groups_of(conditions, excluded), ClusterOptions.load(overrides))


def matched(conditions, excluded=(), **parameters):
    overrides = {f"comparison.comparable.{name}": value for name, value in parameters.items()}
    return comparable_schools(conditions, CHOSEN, groups_of(conditions, excluded), ComparableOptions.load(overrides))


def test_two_kinds_of_surroundings_are_two_clusters_with_their_centres(build):
    conditions = build.conditions(values())
    found = clustered(conditions)
    codes = found.school_clusters["cluster_code"]
    assert codes.iloc[:20].nunique() == codes.iloc[20:].nunique() == 1
    assert set(codes) == {"K1", "K2"}
    profile = found.cluster_profiles.set_index(["cluster_code", "property_code"])
    first = conditions.column("settlement_size")[:20]
    assert profile.loc[(codes.iloc[0], "settlement_size"), "centroid"] == pytest.approx(first.mean())
    assert (found.cluster_profiles["stability"] == "stable").all()
    chosen = found.cluster_choices[found.cluster_choices["is_chosen"]]
    assert chosen["clusters_count"].tolist() == [2]
    assert chosen["adjusted_rand"].iloc[0] > 0.9


def test_school_between_two_clusters_is_named_borderline(build):
    given = values()
    given["settlement_size"][0], given["transport_access"][0], given["pupils_count"][0] = 2.5, 2.5, np.exp(4.75)
    found = clustered(build.conditions(given)).school_clusters
    assert found.loc[0, "is_borderline"]
    assert found.loc[0, "second_cluster_code"] != found.loc[0, "cluster_code"]
    assert found["is_borderline"].sum() == 1


def test_schools_outside_comparisons_or_without_data_have_no_cluster_and_shape_none(build):
    given = values()
    given["settlement_size"][1] = given["transport_access"][1] = np.nan
    given["settlement_size"][2] = 900.0
    given["pupils_count"][3] = np.nan
    found = clustered(build.conditions(given), excluded={2}).school_clusters
    assert found["state"].iloc[:4].tolist() == ["clustered", "missing_data", "excluded", "clustered"]
    assert found.loc[[1, 2], ["cluster_code", "silhouette"]].isna().all(axis=None)
    assert found.loc[3, "imputed_ru"].startswith("Число обучающихся")
    assert found.loc[1, "missing_share"] == pytest.approx(2 / 3)


def test_few_schools_or_equal_ones_are_not_clustered(build):
    assert set(clustered(build.conditions(values(12))).school_clusters["state"]) == {"too_few_schools"}
    rng = np.random.default_rng(1)
    cloud = {name: np.exp(rng.normal(size=30)) for name in ("settlement_size", "transport_access", "pupils_count")}
    found = clustered(build.conditions(cloud), minimum_size=14)
    assert set(found.school_clusters["state"]) == {"no_structure"}
    assert found.cluster_profiles.empty
    equal = dict.fromkeys(("settlement_size", "transport_access", "pupils_count"), [3.0] * 30)
    assert set(clustered(build.conditions(equal)).school_clusters["state"]) == {"missing_data"}


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_school(build, count):
    conditions = build.conditions({name: column[:count] for name, column in values().items()})
    assert len(clustered(conditions).school_clusters) == count
    assert len(matched(conditions).comparable_summary) == count


def test_same_inputs_give_the_same_clusters(build):
    first, second = (clustered(build.conditions(values())) for _ in range(2))
    pd.testing.assert_frame_equal(first.school_clusters, second.school_clusters)


def test_comparable_schools_are_near_and_balanced(build):
    conditions = build.conditions(values(80))
    found = matched(conditions)
    summary = found.comparable_summary.set_index("school_code")
    pairs = found.comparable_schools
    assert (pairs["distance"] <= 0.5).all()
    # Villages are compared with villages only.
    place = {code: number < 40 for number, code in enumerate(conditions.school_codes)}
    assert (pairs["school_code"].map(place) == pairs["comparable_code"].map(place)).all()
    assert summary.loc[pairs["school_code"].unique(), "comparable_count"].between(3, 10).all()
    balance = found.comparable_balance
    own = balance[balance["school_code"] == pairs["school_code"].iloc[0]].set_index("property_code")
    others = pairs.loc[pairs["school_code"] == pairs["school_code"].iloc[0], "comparable_code"]
    column = pd.Series(conditions.column("settlement_size"), index=conditions.school_codes)
    assert own.loc["settlement_size", "comparable_mean"] == pytest.approx(column[others].mean())
    gap = (column[pairs["school_code"].iloc[0]] - column[others].mean()) / column.std(ddof=1)
    assert own.loc["settlement_size", "standardised_difference"] == pytest.approx(gap)


def test_pairs_stand_by_code_not_by_nearness(build):
    pairs = matched(build.conditions(values(80))).comparable_schools
    assert pairs.sort_values(["school_code", "comparable_code"]).index.tolist() == list(range(len(pairs)))


def test_a_school_like_no_other_has_no_match_and_is_told_why(build):
    given = values()
    given["settlement_size"][0] = 30.0
    found = matched(build.conditions(given), excluded={5})
    summary = found.comparable_summary
    assert summary.loc[0, "state"] == "no_match"
    assert summary.loc[0, "comparable_count"] == 0
    assert summary.loc[0, "nearest_distance"] > 0.5
    assert "сопоставимых нет" in summary.loc[0, "explanation_ru"]
    assert summary.loc[5, "state"] == "excluded"
    assert summary.loc[0, "school_code"] not in set(found.comparable_schools["comparable_code"])


def test_two_near_schools_are_no_comparison(build):
    few = {name: column[:3] for name, column in values().items()}
    found = matched(build.conditions(few), caliper=9.0)
    assert set(found.comparable_summary["state"]) == {"no_match"}
    assert "Других ОО в группе: 2" in found.comparable_summary.loc[0, "explanation_ru"]
    assert found.comparable_schools.empty
    assert found.comparable_balance["comparable_mean"].isna().all()


def test_matches_that_differ_too_much_are_told_unbalanced(build):
    found = matched(build.conditions(values()), caliper=1.5, number=40, balance_limit=0.01).comparable_summary
    assert (found["state"] == "unbalanced").any()
    assert (found["largest_difference"] > 0.01).all()
