"""Connected components: what is linked, directly or through others, is one group."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(nodes: Iterable[Node], links: Iterable[tuple[Node, Node]]) -> dict[Node, Node]:
    """Each node -> the first node, in the order given, of its group. Links are between nodes, in either direction."""
    order = {node: number for number, node in enumerate(nodes)}
    parent = {node: node for node in order}
    for a, b in links:
        first, second = sorted((_root(parent, a), _root(parent, b)), key=order.__getitem__)
        parent[second] = first
    return {node: _root(parent, node) for node in order}


def _root(parent: dict[Node, Node], node: Node) -> Node:
    while parent[node] != node:
        parent[node] = parent[parent[node]]  # halves the way for the next one (Tarjan)
        node = parent[node]
    return node
