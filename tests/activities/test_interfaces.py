"""Workflows call activities by interfaces; here each interface has one implementation, of the same names and signatures."""

import inspect
import pkgutil
from abc import ABC
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_type_hints

import pytest
from temporalio.activity import _Definition as Definition  # the SDK has no public way to ask for an activity's name

import activities
import workflows

Method = Callable[..., Any]


def _classes(package: Any) -> Iterator[type]:
    """The classes that the package's modules define."""
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        for one in vars(import_module(module.name)).values():
            if inspect.isclass(one) and one.__module__ == module.name:
                yield one


def _activities(owner: type) -> dict[str, Method]:
    """The methods that are activities, by the name under which Temporal knows them."""
    found: dict[str, Method] = {}
    for _, method in inspect.getmembers(owner, inspect.isfunction):
        if (definition := Definition.from_callable(method)) and definition.name:
            found[definition.name] = method
    return found


INTERFACES = [one for one in _classes(workflows) if ABC in one.__bases__]
IMPLEMENTATIONS = [one for one in _classes(activities) if _activities(one)]


def test_there_is_something_to_compare() -> None:
    assert len(INTERFACES) == 7
    assert sum(len(_activities(one)) for one in INTERFACES) == 13


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda one: one.__name__)
def test_an_interface_is_implemented_once_with_the_same_names_and_signatures(interface: type) -> None:
    (implementation,) = (one for one in IMPLEMENTATIONS if issubclass(one, interface))
    assert not inspect.isabstract(implementation)
    declared, done = _activities(interface), _activities(implementation)
    assert done.keys() == declared.keys()
    for name, method in declared.items():
        assert get_type_hints(done[name]) == get_type_hints(method)


def test_every_activity_is_declared_by_an_interface() -> None:
    assert all(isinstance(one, type) and issubclass(one, tuple(INTERFACES)) for one in IMPLEMENTATIONS)
