"""Errors are one line; a refusal of weights can be given another remedy."""

from filter_atlas.errors import ClassifierError, FilterAtlasError, WeightsError


def test_line_breaks_become_spaces() -> None:
    assert str(FilterAtlasError("a\nb\r\nc")) == "a b c"


def test_weights_are_refused_with_a_remedy() -> None:
    assert str(WeightsError("a.h5: damaged", "fetch it again")) == "a.h5: damaged; fetch it again"


def test_a_classifier_is_refused_with_a_remedy_of_its_own_whatever_the_problem_says() -> None:
    error = WeightsError("a; b.h5: damaged (this; and that)", "fetch it again; or not")

    refusal = ClassifierError.of(error, "give another one")

    assert str(refusal) == "a; b.h5: damaged (this; and that); give another one"
