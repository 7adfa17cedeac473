"""Which index: the one that comes with the workbench, one of the operator's own files, or either with other weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.experience import SatisfactionIndex, load_index
from cemlib.settings import settings

__all__ = ["DEFAULT", "choose_index", "edit_weights", "index_files", "slider_weights", "weights_text"]

#: The name of the index that comes with the workbench.
DEFAULT = "default"


def index_files() -> dict[str, Path]:
    """The operator's own index files by name: those of the folder ``data/indexes``."""
    return {path.stem: path for path in sorted((settings().home / "data" / "indexes").glob("*.yaml"))}


def choose_index(name: str, *, with_path: bool = True) -> SatisfactionIndex:
    """The index of a name.

    Parameters
    ----------
    name : str
        ``default``, the name of a file of :func:`index_files`, or a path.
    with_path : bool
        Whether a path is taken: not from an app's address, which anybody can write.

    Raises
    ------
    UnknownNameError
        When there is none of this name.

    Examples
    --------
    >>> choose_index("default").name
    'open_index'
    """
    files = index_files()
    if name == DEFAULT:
        return load_index()
    if name in files:
        return load_index(files[name])
    if with_path and ("/" in name or name.endswith((".yaml", ".yml"))):
        return load_index(name)
    raise UnknownNameError("index", name, [DEFAULT, *files], where="data/indexes")


def slider_weights(index: SatisfactionIndex) -> dict[str, dict[str, float]]:
    """The weights that a reader can move: of the facets and of the services; those of one kind sum to 1.

    Examples
    --------
    >>> {kind: list(room) for kind, room in slider_weights(load_index()).items()}
    {'facet': ['quality', 'expectation', 'memory', 'price'], 'service': ['data', 'voice', 'sms', 'web', 'video', 'messaging']}
    """
    return {"facet": index.weights.model_dump(), "service": {name: one.weight for name, one in index.services.items()}}


def edit_weights(index: SatisfactionIndex, text: str) -> SatisfactionIndex:
    """The index with the weights of a text such as ``price=0.4`` or ``data=0.5,voice=0.4,sms=0.1``.

    Where all of a kind are given they are taken in proportion; otherwise those that are not given keep theirs.

    Raises
    ------
    ParameterError
        When the text cannot be read, or the weights leave nothing to the others.
    UnknownNameError
        For a name that has no weight.

    Examples
    --------
    >>> edited = edit_weights(load_index(), "price=0.4")
    >>> edited.weights.price, round(edited.weights.memory / edited.weights.quality, 6)
    (0.4, 1.4)
    """
    given = _read_weights(text)
    for room in slider_weights(index).values():
        if room and set(room) <= set(given) and sum(given[name] for name in room) > 0:
            total = sum(given[name] for name in room)
            given |= {name: given[name] / total for name in room}
    return index.with_weights(given) if given else index


def _read_weights(text: str) -> dict[str, float]:
    given = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, number = part.partition("=")
        try:
            given[name.strip()] = float(number)
        except ValueError:
            raise ParameterError("A weight cannot be read.", wanted="name=number, such as price=0.4", came=repr(part[:40])) from None
    return given


def weights_text(before: SatisfactionIndex, after: SatisfactionIndex) -> str:
    """The text that makes the weights of ``after`` out of ``before``; empty where they are the same.

    Examples
    --------
    >>> index = load_index()
    >>> weights_text(index, index.with_weights({"data": 0.5}))
    'data=0.5,voice=0.25,sms=0.071429,web=0.071429,video=0.071429,messaging=0.035714'
    >>> weights_text(index, index)
    ''
    """
    old, new = slider_weights(before), slider_weights(after)
    moved = {name: weight for kind, room in new.items() if _differ(room, old.get(kind, {})) for name, weight in room.items()}
    return ",".join(f"{name}={weight:.6f}".rstrip("0").rstrip(".") for name, weight in moved.items())


def _differ(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() != other.keys() or any(abs(one[name] - other[name]) > 1e-9 for name in one)
