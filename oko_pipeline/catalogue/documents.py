"""Kinds of documents of the annual cycle: for whom, from which tables, by which asset (`data/documents/*.yaml`)."""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal

from pydantic import Field

from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError

Profile = Literal["internal", "school", "public"]
UnitLevel = Literal["all", "municipality", "school"]
PROFILES_RU: Final[Mapping[Profile, str]] = {
    "internal": "для органа управления",
    "school": "для ОО",
    "public": "для всех",
}
EVERY_KIND: Final = "all"
"""What a territory names when it wants documents of all kinds."""


class DocumentKind(CatalogueModel):
    """A kind of document: a template in `report_templates/` of its name, and a builder of contexts in `reporting`."""

    kind: str = Field(pattern=r"[a-z][a-z0-9_]*")
    family: int = Field(ge=1, le=15, description="Which of the fifteen families of documents it belongs to")
    title_ru: str
    description_ru: str = Field(description="What a reader finds in it; one sentence")
    asset: str = Field(description="The report asset that issues it; kinds of one asset are issued together")
    unit_level: UnitLevel
    profile: Profile
    folder_ru: str = Field(description="Folder within the year's reports")
    tables: tuple[str, ...] = Field(min_length=1, description="Tables that it is made of: the asset's dependencies")
    names: tuple[str, ...] = Field((), description="Kinds whose documents it names: the register of them is read too")
    years_before: int = Field(0, ge=0, le=3, description="How many earlier years it reads")
    is_restricted: bool = Field(default=False, description="Stands in the restricted store: holds codes of people")
    is_campaign: bool = Field(default=False, description="One a campaign; made by `assets.reporting`")
    has_data_pack: bool = Field(default=True, description="A workbook with the document's numbers stands beside it")
    due_ru: str = Field("", description="When in the cycle it is needed")
    duties: tuple[str, ...] = Field((), description="Duties of the programmes that it serves: ids, with `*`")
    words: tuple[str, ...] = Field((), description="Names of documents in the register of duties that it is")


class _KindsFile(CatalogueModel):
    kinds: tuple[DocumentKind, ...]


@cache
def document_kinds() -> Mapping[str, DocumentKind]:
    """Return all kinds by name, in the order of families.

    Raises:
        CatalogueError: naming every faulty line, repeated kind and unknown table.
    """
    return read_document_kinds(catalogue_files("documents"))


def read_document_kinds(texts: dict[str, str]) -> Mapping[str, DocumentKind]:
    """Read kinds from YAML texts by file name; raises `CatalogueError` as `document_kinds` does."""
    found: dict[str, DocumentKind] = {}
    faults: list[str] = []
    known = {*all_tables(), *restricted_tables()}
    for name, content in read_catalogue_yaml(texts, _KindsFile):
        for kind in content.kinds:
            if kind.kind in found:
                faults.append(f"{name}: вид документа {kind.kind} описан дважды")
            faults += [f"{name}: вид {kind.kind}: нет таблицы {table}" for table in kind.tables if table not in known]
            found[kind.kind] = kind
    faults += [
        f"вид {kind.kind} называет документы неизвестного вида {other}"
        for kind in found.values()
        for other in kind.names
        if other not in found
    ]
    if faults:
        raise CatalogueError("Ошибки в каталоге:\n" + "\n".join(faults))
    return dict(sorted(found.items(), key=lambda item: item[1].family))


@cache
def document_assets() -> Mapping[str, str]:
    """Return the asset that issues each kind of document."""
    return {kind.kind: kind.asset for kind in document_kinds().values()}


@cache
def issued_kinds(wanted: str) -> frozenset[str]:
    """Return the kinds a territory wants issued: names through commas, or `all`.

    Raises:
        CatalogueError: for a kind that there is none of, or when none is named.
    """
    named = [part for part in (one.strip() for one in wanted.split(",")) if part]
    known = document_kinds()
    if named == [EVERY_KIND]:
        return frozenset(known)
    strange = [kind for kind in named if kind not in known]
    if strange or not named:
        told = f"Видов документов нет: {', '.join(strange)}" if strange else "Не назван ни один вид документов"
        raise CatalogueError(f"OKO_DOCUMENTS: {told}. Есть {EVERY_KIND} (все) или: {', '.join(known)}.")
    return frozenset(named)
