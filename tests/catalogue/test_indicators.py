"""The registry of indicators answers every indicator of the mission register from columns that exist, lawfully."""

import pytest

from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.indicators import DIRECTIONS, HARMFUL_USES, indicators
from oko_pipeline.catalogue.programmes import register_duties


def test_every_indicator_of_the_register_is_computed_or_asked_for_in_a_form():
    asked = {duty.duty_id for duty in register_duties() if duty.kind == "indicator"}
    served = {register_id for one in indicators().values() for register_id in one.serves}
    assert len(asked) == 140
    assert asked - served == set()


def test_indicators_serve_rows_that_exist():
    known = {duty.duty_id for duty in register_duties()}
    assert {one for indicator in indicators().values() for one in indicator.serves} <= known


@pytest.mark.parametrize("code", sorted(indicators()))
def test_an_indicator_is_made_of_columns_that_exist(code):
    one = indicators()[code]
    table = any_table(one.table)
    named = [*one.numerator, *one.points, *one.where, *(name for name in (one.denominator, one.deviation) if name)]
    assert [name for name in named if name not in table.column_names] == []
    for name, values in one.where.items():
        allowed = table.column(name).allowed
        assert not allowed or {value for value in values if not value.startswith("~")} <= set(allowed)


def test_every_direction_has_indicators():
    assert {one.direction for one in indicators().values()} == set(DIRECTIONS)


def test_no_indicator_of_the_registry_is_used_to_appraise_reward_or_rank():
    assert [code for code, one in indicators().items() if HARMFUL_USES & set(one.uses)] == []
