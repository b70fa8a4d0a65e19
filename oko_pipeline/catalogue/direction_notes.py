"""What the note of each direction tells beside its indicators: cuts of registers (`data/direction_notes.yaml`)."""

from functools import cache
from importlib.resources import files

from pydantic import Field

from oko_pipeline.catalogue.indicators import DIRECTIONS, indicators
from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.yaml_files import CatalogueModel, read_catalogue_yaml
from oko_pipeline.errors import CatalogueError


class RegisterCut(CatalogueModel):
    """A register summed over the schools of a municipality by the answers of its columns `by`.

    `parts` are shares of one column of `sums` in another: title, numerator, denominator. Counts of a sensitive register
    are hidden where they are small.
    """

    table: str
    title_ru: str
    by: tuple[str, ...] = Field(min_length=1, max_length=2)
    sums: tuple[str, ...] = Field(min_length=1)
    parts: tuple[tuple[str, str, str], ...] = ()
    is_sensitive: bool = False


class DirectionNote(CatalogueModel):
    """The note of a direction: what it is called, cuts of registers, key indicators told school by school."""

    direction: str
    title_ru: str
    question_ru: str
    registers: tuple[RegisterCut, ...] = ()
    by_school: tuple[str, ...] = Field(
        (), description="Codes of up to four indicators, told for each school", max_length=4
    )


class _NotesFile(CatalogueModel):
    notes: tuple[DirectionNote, ...]


@cache
def direction_notes() -> tuple[DirectionNote, ...]:
    """Return the notes in the order of directions; raises `CatalogueError` naming every unknown table, column, code."""
    text = files("oko_pipeline.catalogue").joinpath("data", "direction_notes.yaml").read_text("utf-8")
    return read_direction_notes(text)


def read_direction_notes(text: str) -> tuple[DirectionNote, ...]:
    """Read notes from a YAML text; raises `CatalogueError` as `direction_notes` does."""
    notes = read_catalogue_yaml({"direction_notes.yaml": text}, _NotesFile)[0][1].notes
    faults = [fault for note in notes for fault in _faults(note)]
    names = [note.direction for note in notes]
    faults += [f"направление {name} описано дважды" for name in sorted({n for n in names if names.count(n) > 1})]
    if faults:
        raise CatalogueError("Ошибки в direction_notes.yaml:\n" + "\n".join(faults))
    order = list(DIRECTIONS)
    return tuple(sorted(notes, key=lambda note: order.index(note.direction)))


def _faults(note: DirectionNote) -> list[str]:
    faults = [] if note.direction in DIRECTIONS else [f"нет направления {note.direction}"]
    faults += [f"{note.direction}: нет показателя {code}" for code in note.by_school if code not in indicators()]
    for cut in note.registers:
        if cut.table not in record_tables():
            faults.append(f"{note.direction}: нет реестра {cut.table}")
            continue
        known = {column.name for column in record_tables()[cut.table].columns}
        named = {*cut.by, *cut.sums, *(name for part in cut.parts for name in part[1:])}
        faults += [f"{note.direction}: в реестре {cut.table} нет столбца {name}" for name in sorted(named - known)]
    return faults
