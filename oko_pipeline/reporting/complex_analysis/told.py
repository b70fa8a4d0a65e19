"""What a section has to say: the section itself and its lines for the summary at the document's beginning."""

from dataclasses import dataclass

from oko_pipeline.reporting.sections import Spec


@dataclass(frozen=True, slots=True)
class Told:
    """A section (None when there is nothing to say) and the points that the summary takes from it."""

    section: Spec | None
    points: tuple[str, ...] = ()
