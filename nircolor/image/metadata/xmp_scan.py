"""Where the properties of an XMP packet stand, so that some can be taken out and all others stay byte for byte.

XMP (ISO 16684-1) is RDF in XML: ``rdf:RDF`` holds nodes (``rdf:Description``), whose attributes and children are the
properties. Expat reads it, without entities and within bounds, and says where each part begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

MAX_BYTES = 16 << 20
"""Of a packet; an honest one has some kilobytes, one with a depth map a few megabytes."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MAX_DEPTH = 64  # elements within one another
_MAX_ELEMENTS = 100_000
_MAX_PROPERTIES = 10_000
_DISHONEST = "is larger or deeper than any that is honest"
_TAG = re.compile(rb"<([^\s/>]+)(?:[^>\"']+|\"[^\"]*\"|'[^']*')*>")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")


@dataclass(frozen=True)
class Property:
    """One property of a node: the bytes from ``start`` to ``end`` hold it, those of ``inner`` its value."""

    space: str
    """The namespace, a URI."""
    name: str
    start: int
    end: int
    inner: slice
    plain: bool
    """True where the value is text alone and may be replaced by another."""


@dataclass(frozen=True)
class Node:
    """A child of ``rdf:RDF``: its place, that behind its tag's name, and the prefixes that the tag declares."""

    start: int
    named: int
    end: int
    prefixes: frozenset[str]


@dataclass(frozen=True)
class Packet:
    """An XMP packet in UTF-8 that is well-formed XML."""

    data: bytes
    properties: tuple[Property, ...]
    nodes: tuple[Node, ...]
    scope: dict[str, str]
    """Prefixes that are declared where the nodes stand, with their namespaces."""
    close: int
    """Where the end tag of ``rdf:RDF`` begins."""

    def edited(self, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
        """The packet with each (start, end) replaced by the bytes given; the places do not overlap."""
        parts, place = [], 0
        for start, end, new in sorted(edits):
            parts += [self.data[place:start], new]
            place = end
        return b"".join([*parts, self.data[place:]])

    def joined(self, other: Packet) -> bytes:
        """The packet with the nodes of ``other`` behind its own. Raises ``ValueError`` where they are too large."""
        nodes, size = list[bytes](), 0
        for node in other.nodes:
            nodes.append(_alone(other, node))
            size += len(nodes[-1])
            if size > MAX_BYTES:  # each brings all prefixes
                raise ValueError(_DISHONEST)
        return self.edited([(self.close, self.close, b"".join(nodes))])


def _alone(packet: Packet, node: Node) -> bytes:
    """The bytes of a node with all prefixes declared that it may use."""
    from xml.sax.saxutils import quoteattr  # which brings urllib.request

    wanted = {prefix: uri for prefix, uri in packet.scope.items() if prefix not in node.prefixes}
    names = {prefix: f"xmlns:{prefix}" if prefix else "xmlns" for prefix in wanted}
    declared = "".join(f" {names[prefix]}={quoteattr(uri)}" for prefix, uri in wanted.items())
    return packet.data[node.start : node.named] + declared.encode() + packet.data[node.named : node.end]


def scan(data: bytes) -> Packet:
    """Read a packet. Raises ``ValueError`` where it is not well-formed, too large, or holds what XMP does not need."""
    if len(data) > MAX_BYTES:
        raise ValueError("is too large")
    text = _DECLARATION.sub("", _decoded(data)).rstrip("\0")
    scanner = _Scanner(text.encode())
    return scanner.run()


def _decoded(data: bytes) -> str:
    """UTF-8 in all formats but TIFF, whose writers may choose."""
    wide = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
    return data.decode(wide.get(data[:2], "utf-8-sig"))


def _attributes(data: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
    # one behind the other, never searched for: a search tries each space of a long row of them
    while found := _ATTRIBUTE.match(data, start, end):
        yield found
        start = found.end()


class _Scanner:
    def __init__(self, data: bytes) -> None:
        self._data, self._path = data, list[tuple[str, int, int]]()  # name, start, end of the start tag
        self._count, self._declared, self._level = 0, 0, 0
        self._scope: dict[str, str] = {}
        self._properties: list[Property] = []
        self._nodes: list[Node] = []
        self._close = -1
        self._parser = parser = expat.ParserCreate("utf-8", " ")
        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = _refuse

    def run(self) -> Packet:
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            raise ValueError(f"is damaged ({error})") from error
        if self._close < 0:
            raise ValueError("holds no properties")
        return Packet(self._data, tuple(self._properties), tuple(self._nodes), self._scope, self._close)

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared += 1
        if self._declared > _MAX_PROPERTIES:
            raise ValueError(_DISHONEST)
        if not self._level:  # what nodes declare is found in their tags
            self._scope[prefix or ""] = uri or ""

    def _begin(self, name: str, attributes: list[str]) -> None:
        start, self._count = self._parser.CurrentByteIndex, self._count + 1
        if len(self._path) == _MAX_DEPTH or self._count > _MAX_ELEMENTS:
            raise ValueError(_DISHONEST)
        inside = bool(self._level) and len(self._path) <= self._level + 1  # a node or a property
        tag = _TAG.match(self._data, start) if inside else None
        self._path.append((name, start, tag.end() if tag else start))
        if tag and len(self._path) == self._level + 1:
            self._node(tag, attributes[::2])
        if len(self._nodes) + len(self._properties) > _MAX_PROPERTIES:
            raise ValueError(_DISHONEST)
        if name == f"{RDF} RDF" and not self._level:
            self._check_only()
            self._level = len(self._path)

    def _check_only(self) -> None:
        if self._close >= 0 or len(self._path) > 2:
            raise ValueError("holds no properties where they belong")

    def _node(self, tag: re.Match[bytes], names: list[str]) -> None:
        raw = list(_attributes(self._data, tag.end(1), tag.end()))
        spelled = [each[1].decode() for each in raw]
        prefixes = frozenset(name[6:] for name in spelled if name == "xmlns" or name.startswith("xmlns:"))
        self._nodes.append(Node(tag.start(), tag.end(1), -1, prefixes))
        given = (each for each, name in zip(raw, spelled, strict=True) if name != "xmlns" and name[:6] != "xmlns:")
        for each, name in zip(given, names, strict=True):
            space, _, local = name.rpartition(" ")
            inner = slice(*each.span(2 if each[2] is not None else 3))
            self._properties.append(Property(space, local, each.start(), each.end(), inner, plain=True))

    def _end(self, name: str) -> None:
        place = self._parser.CurrentByteIndex
        _, start, opened = self._path.pop()
        depth = len(self._path) + 1 - self._level if self._level else -1
        if depth == 0:
            self._close, self._level = place if self._data[place : place + 2] == b"</" else -1, 0
        elif depth == 1:
            last = self._nodes[-1]
            self._nodes[-1] = Node(last.start, last.named, self._after(place, opened), last.prefixes)
        elif depth == 2:
            space, _, local = name.rpartition(" ")
            end = self._after(place, opened)
            inner = slice(opened, place if end > opened else opened)
            plain = end > opened and b"<" not in self._data[inner] and b"=" not in self._data[start:opened]
            self._properties.append(Property(space, local, start, end, inner, plain))

    def _after(self, place: int, opened: int) -> int:
        """Behind an element whose end was met at ``place``: behind its end tag, or its only tag."""
        return opened if self._data[opened - 2 : opened] == b"/>" else self._data.index(b">", place) + 1


def _refuse(*_: object) -> NoReturn:
    raise ValueError("declares entities or a document type")
