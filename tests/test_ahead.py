"""One step ahead: the same items in order, errors where they belong, and the maker is closed."""

from __future__ import annotations

import threading

import pytest

from cemlib.ahead import ahead


def test_items_come_in_order_and_are_made_elsewhere():
    threads = set()

    def made():
        for one in range(5):
            threads.add(threading.current_thread().name)
            yield one

    assert list(ahead(made())) == [0, 1, 2, 3, 4]
    assert len(threads - {threading.current_thread().name}) == len(threads) == 1


def test_an_error_comes_after_the_items_before_it():
    def made():
        yield 1
        raise ValueError("the second")

    items = ahead(made())
    assert next(items) == 1
    with pytest.raises(ValueError, match="the second"):
        next(items)


def test_who_stops_early_closes_the_maker():
    told = []

    def made():
        try:
            yield from range(100)
        finally:
            told.append("closed")

    items = ahead(made())
    assert next(items) == 0
    items.close()
    assert told == ["closed"]


def test_no_more_than_one_is_made_ahead():
    made = []
    items = ahead(iter(lambda: made.append(1) or len(made), 50))
    assert next(items) == 1
    next(items)
    assert len(made) <= 3
    items.close()
