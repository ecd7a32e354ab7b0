"""Rules that hold for every domain and value."""

import json

import numpy as np
from hypothesis import given, settings, strategies as st

from tunekit_core.errors import ConfigurationError
from tunekit_core.space import (
    choice,
    finrange,
    logfinrange,
    lograndint,
    loguniform,
    ordinal,
    parse_domain,
    randint,
    reverseloguniform,
    uniform,
)
from tunekit_core.space.text import domain_from_json


def domains() -> st.SearchStrategy:
    """Any domain, with bounds that users might write."""
    number = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
    positive = st.floats(-9, 6).map(lambda x: float(f"{10**x:.6g}"))
    share = st.floats(0, 0.999999).map(lambda x: round(x, 6))
    integer = st.integers(-(10**12), 10**12)
    category = st.one_of(st.text(max_size=3), st.integers(-9, 9), st.none())

    def increasing(values: st.SearchStrategy) -> st.SearchStrategy:
        return st.tuples(values, values).map(sorted).filter(lambda pair: pair[0] < pair[1])

    def ordered(values: st.SearchStrategy) -> st.SearchStrategy:
        return st.one_of(increasing(values), values.map(lambda value: [value, value]))

    return st.one_of(
        increasing(number).map(lambda b: uniform(*b)),
        increasing(positive).map(lambda b: loguniform(*b)),
        increasing(share).map(lambda b: reverseloguniform(*b)),
        ordered(integer).map(lambda b: randint(*b)),
        ordered(st.integers(1, 10**12)).map(lambda b: lograndint(*b)),
        st.lists(category, min_size=1, max_size=6, unique=True).map(choice),
        st.lists(category, min_size=1, max_size=6, unique=True).map(lambda c: ordinal(c, "equal")),
        st.lists(st.integers(1, 10**6), min_size=1, max_size=6, unique=True).map(lambda c: ordinal(sorted(c))),
        st.lists(positive, min_size=1, max_size=6, unique=True).map(lambda c: ordinal(sorted(c), "nn-log")),
        st.tuples(increasing(number), st.integers(2, 9)).map(lambda t: finrange(*t[0], t[1])),
        st.tuples(increasing(positive), st.integers(2, 9)).map(lambda t: logfinrange(*t[0], t[1])),
        number.map(lambda value: finrange(value, value, 1)),
        positive.map(lambda value: logfinrange(value, value, 1)),
    )


DOMAINS = domains()


def numbers(width: int) -> st.SearchStrategy:
    return st.lists(st.floats(0, 1), min_size=width, max_size=width)


@settings(max_examples=200)
@given(st.data())
def test_encoding_what_was_decoded_or_drawn_gets_it_back(data):
    domain = data.draw(DOMAINS)
    encoded = np.array([data.draw(numbers(domain.encoded_width))])
    unit = np.array([data.draw(st.floats(0, 1, exclude_max=True))])
    for values in (domain.decode(encoded), domain.from_unit(unit)):
        again = domain.encode(values)
        assert again.shape == (1, domain.encoded_width)
        assert ((again >= 0) & (again <= 1)).all()
        assert domain.decode(again) == values
        assert domain.cast(values[0]) == values[0]


@settings(max_examples=200)
@given(DOMAINS)
def test_the_default_is_in_its_domain(domain):
    assert domain.cast(domain.default) == domain.default
    assert domain.decode(domain.encode([domain.default])) == [domain.default]


@settings(max_examples=200)
@given(DOMAINS)
def test_text_and_json_give_the_domain_back(domain):
    assert parse_domain(str(domain)) == domain
    assert domain_from_json(json.loads(json.dumps(domain.to_json()))) == domain


NUMBERS = st.sampled_from([0, 0.0, -0.0, 1, 1.0, 2, 2.0, 3, 3.0])


@given(
    st.sampled_from([uniform, randint, finrange, lambda lower, upper, size: finrange(lower, upper, size, True)]),
    *[st.tuples(NUMBERS, NUMBERS, st.sampled_from([2, 2.0]))] * 2,
)
def test_domains_that_are_equal_write_themselves_alike(function, one, other):
    arguments = 2 if function in (uniform, randint) else 3
    try:
        these = [function(*given[:arguments]) for given in (one, other)]
    except ConfigurationError:
        return
    assert (these[0] == these[1]) == (str(these[0]) == str(these[1]))


def test_equal_domains_have_one_text():
    assert str(uniform(-0.0, 1)) == str(uniform(0, 1.0)) == "uniform(0.0, 1.0)"
    assert str(finrange(-0.0, 1, 3.0)) == "finrange(0.0, 1.0, 3)"
