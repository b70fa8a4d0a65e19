"""Conditions in which schools work: properties compared, indices of social welfare, risk factors. Data, not code.

A property is computed from answers of the questionnaire and shares of the social passport; the lists, weights and
thresholds are a territory's own to change.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field, model_validator

from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

Use = Literal["cluster", "match", "expect"]


class Property(CatalogueModel):
    """A property of a school: `value` and `log` of a sum, `share` (0–1) or `ratio` of two sums of answers.

    `of` and `to` name answers; `*` in a name stands for any number. `uses`: clusters, comparable schools, expected
    results. `is_resource` marks a resource that the school or municipality itself decides on: no condition that
    excuses a result, so it may not be used to expect one.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    unit_ru: str = ""
    kind: Literal["value", "log", "share", "ratio"]
    of: tuple[str, ...] = Field(min_length=1)
    to: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    is_resource: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> "Property":
        if (self.kind in {"share", "ratio"}) != bool(self.to):
            raise ValueError("знаменатель to нужен для share и ratio, и только для них")
        if self.is_resource and "expect" in self.uses:
            raise ValueError("ресурс, которым распоряжается сама ОО, не может предсказывать результат")
        return self


class PassportVariable(CatalogueModel):
    """A category of the social passport and the columns that may carry it: `*_share` as is, `*_count` to the total."""

    code: str = Field(pattern=r"^passport_[a-z0-9_]+$")
    title_ru: str
    columns: tuple[str, ...]


class Properties(CatalogueModel):
    """All properties, and how the social passport is read."""

    version: str
    passport_totals: tuple[str, ...]
    passport: tuple[PassportVariable, ...]
    properties: tuple[Property, ...]

    def of_use(self, use: Use) -> tuple[Property, ...]:
        """Return the properties with a use, in their order."""
        return tuple(one for one in self.properties if use in one.uses)


class IndexVariable(CatalogueModel):
    """A property in an index: a positive `weight` worsens the conditions, a negative one betters them."""

    code: str
    weight: float


class SocialIndex(CatalogueModel):
    """An index of social welfare: variables with weights. The first index that enough schools have is the main one."""

    index_code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str
    title_ru: str
    source_ru: str
    is_proxy: bool = False
    variables: tuple[IndexVariable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _weights_count(self) -> "SocialIndex":
        codes = [one.code for one in self.variables]
        if len(set(codes)) != len(codes) or any(one.weight == 0 for one in self.variables):
            raise ValueError("переменные повторены или имеют нулевой вес")
        return self


class SocialIndices(CatalogueModel):
    """The indices of a territory, the preferred one first."""

    indices: tuple[SocialIndex, ...] = Field(min_length=1)


class RiskSign(CatalogueModel):
    """A property that speaks for a factor. `worse` says which side is the risk; `absolute` are medium and high bounds.

    Without absolute bounds a school is compared with the others of the year (shares of schools are method parameters).
    """

    code: str
    worse: Literal["higher", "lower"]
    absolute: tuple[float, float] | None = None


class RiskFactor(CatalogueModel):
    """A factor of the risk profile. `needs_ru` says which data would tell of it when no sign is known."""

    factor_code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ru: str
    signs: tuple[RiskSign, ...] = ()
    needs_ru: str


class RiskFactors(CatalogueModel):
    """The risk profile of a school («500+»)."""

    version: str
    source_ru: str
    factors: tuple[RiskFactor, ...]


def _texts(name: str, own: Mapping[str, str] | None) -> dict[str, str]:
    """Return a territory's own file of that name, or the packaged one."""
    if own is not None and name in own:
        return {name: own[name]}
    return {name: files("oko_pipeline.catalogue").joinpath("data", name).read_text("utf-8")}


def load_properties(own: Mapping[str, str] | None = None) -> Properties:
    """Read `context_features.yaml`, from a territory's `own` texts first; raises `CatalogueError` for its faults."""
    [(_, found)] = read_catalogue_yaml(_texts("context_features.yaml", own), Properties)
    codes = [one.code for one in found.properties]
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise CatalogueError(f"context_features.yaml: свойства повторены: {repeated}")
    return found


def load_social_indices(own: Mapping[str, str] | None = None) -> tuple[SocialIndex, ...]:
    """Read `social_index.yaml`; raises `CatalogueError` for its faults or for variables that are no properties."""
    [(_, found)] = read_catalogue_yaml(_texts("social_index.yaml", own), SocialIndices)
    known = {one.code for one in load_properties(own).properties}
    unknown = sorted({v.code for one in found.indices for v in one.variables} - known)
    if unknown:
        raise CatalogueError(f"social_index.yaml: нет таких свойств в context_features.yaml: {unknown}")
    return found.indices


def load_risk_factors(own: Mapping[str, str] | None = None) -> RiskFactors:
    """Read `risk_factors.yaml`; raises `CatalogueError` for its faults or for signs that are no properties."""
    [(_, found)] = read_catalogue_yaml(_texts("risk_factors.yaml", own), RiskFactors)
    known = {one.code for one in load_properties(own).properties}
    unknown = sorted({sign.code for factor in found.factors for sign in factor.signs} - known)
    if unknown:
        raise CatalogueError(f"risk_factors.yaml: нет таких свойств в context_features.yaml: {unknown}")
    return found


@cache
def properties() -> Properties:
    """Return the packaged properties."""
    return load_properties()


@cache
def social_indices() -> tuple[SocialIndex, ...]:
    """Return the packaged indices."""
    return load_social_indices()


@cache
def risk_factors() -> RiskFactors:
    """Return the packaged risk factors."""
    return load_risk_factors()
