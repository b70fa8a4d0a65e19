from io import BytesIO

from PIL import Image

from oko_pipeline.catalogue.tables import RESULT_SUMMARY
from oko_pipeline.reporting.previews import marks_preview


def test_preview_is_a_picture_with_a_bar_a_work(spring):
    summary = spring.result_summary
    region = summary[summary["unit_level"] == "region"]
    few, many = marks_preview(region.head(4)), marks_preview(region)
    assert Image.open(BytesIO(few)).format == "PNG"
    assert Image.open(BytesIO(many)).height > Image.open(BytesIO(few)).height
    assert marks_preview(region) == many


def test_no_marks_is_a_picture_too():
    assert Image.open(BytesIO(marks_preview(RESULT_SUMMARY.empty()))).width > 100
