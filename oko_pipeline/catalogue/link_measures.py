"""Measures of registers that are linked with results of schools: data, not code (`data/link_measures.yaml`)."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import Field

from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError


class LinkMeasure(CatalogueModel):
    """A share by school: the sum of `numerator` columns to the sum of `denominator` columns of a register's rows.

    `measure` is `family:name`; `subject` names a column whose subject becomes part of the measure; `pupils` a column of
    counts that tells how many pupils stand behind a value; `where` keeps the rows with these values.
    """

    measure: str = Field(pattern=r"^[a-z_]+:[a-z0-9_]+$")
    title_ru: str
    table: str
    numerator: tuple[str, ...] = Field(min_length=1)
    denominator: tuple[str, ...] = Field(min_length=1)
    subject: str | None = None
    pupils: str | None = None
    where: dict[str, str] = Field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the register that the measure reads."""
        optional = tuple(name for name in (self.subject, self.pupils) if name is not None)
        return (*self.numerator, *self.denominator, *optional, *self.where)


class LinkMeasures(CatalogueModel):
    """All measures of registers."""

    version: str
    measures: tuple[LinkMeasure, ...]


def load_link_measures(own: Mapping[str, str] | None = None) -> LinkMeasures:
    """Read `link_measures.yaml`, from a territory's `own` texts first; raises `CatalogueError` for its faults."""
    name = "link_measures.yaml"
    text = (own or {}).get(name) or files("oko_pipeline.catalogue").joinpath("data", name).read_text("utf-8")
    [(_, found)] = read_catalogue_yaml({name: text}, LinkMeasures)
    names = [one.measure for one in found.measures]
    repeated = sorted({one for one in names if names.count(one) > 1})
    if repeated:
        raise CatalogueError(f"{name}: показатели повторены: {repeated}")
    return found


@cache
def link_measures() -> LinkMeasures:
    """Return the packaged measures."""
    return load_link_measures()
