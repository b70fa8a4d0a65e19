"""What steps keep for each other: taken while it is made of the same, made again otherwise, never without bound."""

import pytest

from resources.memory import Memory


@pytest.fixture
def made():
    return []


def maker(made, name, size=1):
    def make():
        made.append(name)
        return f"{name}{len(made)}", size

    return make


def test_the_same_is_made_once_and_something_made_of_other_things_again(made):
    memory = Memory()
    assert memory.kept(("table", "1"), maker(made, "a")) == memory.kept(("table", "1"), maker(made, "a")) == "a1"
    assert memory.kept(("table", "2"), maker(made, "a")) == "a2"


def test_what_does_not_tell_what_it_was_made_from_is_never_kept(made):
    memory = Memory()
    assert [memory.kept(None, maker(made, "a")) for _ in range(2)] == ["a1", "a2"]


def test_what_was_used_longest_ago_goes_first_and_what_is_too_large_is_not_kept(made):
    memory = Memory(10)
    for name in ("a", "b"):
        memory.kept(name, maker(made, name, 5))
    memory.kept("a", maker(made, "a", 5))
    memory.kept("c", maker(made, "c", 5))
    memory.kept("large", maker(made, "large", 11))
    assert made == ["a", "b", "c", "large"]
    memory.kept("a", maker(made, "a", 5))
    assert made == ["a", "b", "c", "large"]
    memory.kept("b", maker(made, "b", 5))
    memory.kept("large", maker(made, "large", 11))
    assert made == ["a", "b", "c", "large", "b", "large"]


def test_a_run_that_ends_leaves_nothing(made):
    memory = Memory()
    memory.kept("a", maker(made, "a"))
    memory.clear()
    assert memory.kept("a", maker(made, "a")) == "a2"
