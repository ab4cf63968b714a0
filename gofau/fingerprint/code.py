"""The code that a problem, a direction and a rule run beside gofau's own: sources and versions."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import nn

from gofau.catalog.plugins import direction_plugins, problem_plugins, rule_plugins
from gofau.directions import Direction
from gofau.fingerprint.compiled import digest_of_class
from gofau.fingerprint.distributions import distributions_of
from gofau.fingerprint.modules import Source, below, source_of
from gofau.problems import Problem
from gofau.rules import UpdateRule

OURS = "gofau"


@dataclass
class Code:
    """What was found.

    Args:
        sources: of every module that belongs to no installed distribution, and of those that bring
            the problem, the direction and the rule: a hash by name.
        packages: the version of every distribution that they import, by name.
        unfollowed: single files that import by names or paths which only running them tells.
    """

    sources: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    unfollowed: list[str] = field(default_factory=list)


def code_of(problem: Problem, direction: Direction, rule: UpdateRule, module: nn.Module) -> Code:
    """The code of a problem, the module that it builds, a direction and a rule.

    Imports are followed from file to file, those inside functions too. gofau's own sources are left
    out, as the code version is about them; what they import is not.
    """
    kinds = (type(problem), type(direction), type(rule))
    entries = _entry_modules(problem.name, direction.name, rule.name)
    brought = {*(kind.__module__ for kind in kinds), *entries}
    classes = {base for kind in kinds for base in kind.__mro__}
    for part in module.modules():
        classes.update(type(part).__mro__)
    walk = _Walk(frozenset(map(_top, brought)) - {OURS})
    for name in sorted({*brought, *(one.__module__ for one in classes)}):
        walk.start(name)
    for one in classes:
        walk.take_typed(one)
    walk.code.packages["torch"] = torch.__version__.partition("+")[0]
    return walk.code


def _entry_modules(problem: str, direction: str, rule: str) -> set[str]:
    """The modules that the plug-ins of these names are announced in."""
    problems = {f.point.module for f in problem_plugins() if f.plugin.entry.name == problem}
    ways = {f.point.module for f in direction_plugins() if f.plugin.entry.name == direction}
    rules = {f.point.module for f in rule_plugins() if f.plugin.entry.name == rule}
    return problems | ways | rules


class _Walk:
    """Follows imports. Packages in ``brought`` count by their sources even where installed."""

    def __init__(self, brought: frozenset[str]) -> None:
        self.code = Code()
        self._brought = brought
        self._seen: set[str] = set()

    def start(self, name: str) -> None:
        """Follow a module; one of ours for what it imports."""
        if _top(name) == OURS:
            self._follow_ours(name)
        else:
            self._follow(name)

    def take_typed(self, kind: type) -> None:
        """Note a class that has no file, such as one of a notebook."""
        source = source_of(kind.__module__)
        if not _is_given(_top(kind.__module__)) and (source is None or source.file is None):
            self.code.sources[f"{kind.__module__}.{kind.__qualname__}"] = digest_of_class(kind)

    def _follow_ours(self, name: str) -> None:
        if name in self._seen:
            return
        self._seen.add(name)
        source = source_of(name)
        for other in () if source is None else source.imported.names:
            # A package of ours imports all that it has, most of which is of no concern here.
            if _top(other) != OURS:
                self._follow(other)
            elif (found := source_of(other)) is not None and not found.folders:
                self._follow_ours(other)

    def _follow(self, name: str) -> None:
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in self._seen or _is_given(_top(one)):
                continue
            self._seen.add(one)
            source = source_of(one)
            if source is not None and not self._is_installed(one, source):
                waiting += self._taken(one, source)

    def _taken(self, name: str, source: Source) -> Iterable[str]:
        """Note a module by its source; returns what is to be followed from there."""
        if source.digest:
            self.code.sources[name] = source.digest
        if source.imported.computed:
            self._take_all(name)
        parent = name.rpartition(".")[0]
        return [*source.imported.names, *([parent] if parent else [])]

    def _take_all(self, name: str) -> None:
        """Note every file of the package that a module with computed imports is in."""
        top = _top(name)
        package = source_of(top)
        if package is None or not package.folders:
            self.code.unfollowed.append(name)
            return
        self.code.sources.update((one.name, one.digest) for one in below(package))

    def _is_installed(self, name: str, source: Source) -> bool:
        """Whether its distributions' versions tell which code it is; they are noted then."""
        top = _top(name)
        if top in self._brought:
            return False
        owners = [one for one in distributions_of(top) if one.owns(source.file)]
        self.code.packages.update((one.name, one.version) for one in owners)
        return bool(owners)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_given(top: str) -> bool:
    """Whether a package comes with Python or is ours."""
    return top == OURS or top in sys.stdlib_module_names or top in sys.builtin_module_names
