"""Work one step ahead: while one item is used, the next one is made in a thread of its own.

Reading a file has steps that leave the interpreter to others while they work (cutting, casting, hashing, compressing); one step ahead
of the other they share the cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Hand out the items of an iterator while the one after is made.

    One item is made ahead, not more: that bounds the memory. What goes wrong in making an item is raised where that item is asked for.

    Parameters
    ----------
    items : iterator
        Used in one other thread alone; a generator is closed when the caller stops early.

    Examples
    --------
    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as maker:
        try:
            following = maker.submit(next, items, _END)
            while (one := following.result()) is not _END:
                following = maker.submit(next, items, _END)
                yield one
        finally:
            following.cancel()
            if hasattr(items, "close"):
                maker.submit(items.close).result()
