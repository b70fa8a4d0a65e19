"""Small PNG charts for the metadata of the Dagster UI. Documents take native Word charts instead (`word_charts`)."""

from io import BytesIO
from typing import Final

import pandas as pd

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.reporting.vpr.note_works import work_title

_COLOURS: Final = {2: "#B5532A", 3: "#F1DDB0", 4: "#7FAFD4", 5: "#1F4E79"}
_HATCHES: Final = {2: "////", 3: "", 4: "", 5: ""}
_MOST_WORKS: Final = 40


def marks_preview(result_summary: pd.DataFrame) -> bytes:
    """Return a PNG: shares of marks, a bar of 100 % a work, in the order campaign, grade, subject.

    Args:
        result_summary: rows of one unit and one subgroup; works without marks are left out. No rows give an empty
            picture that says so.
    """
    from matplotlib.figure import Figure

    marked = result_summary[result_summary["mark_2_share"].notna()].sort_values("assessment_id").head(_MOST_WORKS)
    figure = Figure(figsize=(7.2, 0.9 + 0.24 * max(len(marked), 3)), dpi=80, layout="constrained")
    axes = figure.add_subplot()
    if marked.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "Отметок нет", ha="center", va="center")
    else:
        keys = [AssessmentKey.parse(text) for text in marked["assessment_id"]]
        labels = [f"{work_title(key, key.campaign_code)} ({key.campaign_code.partition('-')[2]})" for key in keys]
        left = pd.Series(0.0, index=marked.index)
        for mark, colour in _COLOURS.items():
            width = marked[f"mark_{mark}_share"].astype("float64") * 100
            axes.barh(
                labels, width, left=left, color=colour, hatch=_HATCHES[mark], edgecolor="#404040", linewidth=0.4,
                label=f"«{mark}»",
            )  # fmt: skip
            left = left + width
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("доля участников, %", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.legend(ncols=4, fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    stream = BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
