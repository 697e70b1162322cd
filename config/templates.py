"""Templates are written to be read; the white space that makes them readable is not sent.

The end of a line and the indentation of the next are one space. A line of nothing but comments and tags that
write nothing (`{% if %}`, `{% for %}`, `{% load %}`, …) goes altogether, as does the last line end. So a
template takes as many lines as it needs, and a partial can begin with a comment even where it stands in the
middle of a sentence. What begins in the first column begins a line, as the text of a box has to.
"""

import re

from django.template import Node, NodeList, Origin, Template
from django.template.base import TextNode
from django.template.defaulttags import CommentNode, IfNode, LoadNode, PartialDefNode, RegroupNode, WithNode
from django.template.loader_tags import BlockNode
from django.template.loaders import base, cached, filesystem
from django.templatetags.i18n import GetCurrentLanguageBidiNode, GetCurrentLanguageNode

_LINE_END = re.compile(r"[ \t]*\n\s*")
_OPEN_END = re.compile(r"[ \t]*\n\s*\Z")
_SILENT = (CommentNode, GetCurrentLanguageBidiNode, GetCurrentLanguageNode, LoadNode, RegroupNode)


class _Squeezing(base.Loader):
    """Works on what was parsed: the lines that an error names are those of the file."""

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        if type(template.origin.loader) is Loader:  # templates of packages stay as they are
            _end(template.nodelist)
            _squeeze(template.nodelist, at_line_start=True)
        return template


class Loader(_Squeezing, filesystem.Loader):
    """Reads templates again each time."""


class CachedLoader(cached.Loader, _Squeezing):
    """Keeps templates as they are once squeezed."""


def _squeeze(nodes: NodeList, *, at_line_start: bool) -> bool:
    """Take out white space; return whether nothing has been written on the last line so far."""
    for node in nodes:
        if isinstance(node, TextNode):
            begins = _LINE_END.match(node.s) if at_line_start else None
            text = node.s[begins.end() :] if begins else node.s
            at_line_start = bool(_OPEN_END.search(text)) if text else at_line_start
            node.s = _LINE_END.sub(_one_of, text)
        elif bodies := _bodies(node):
            if isinstance(node, BlockNode | PartialDefNode):
                _end(node.nodelist)
            ends = [_squeeze(body, at_line_start=at_line_start) for body in bodies]
            if isinstance(node, PartialDefNode):
                ends = [not node.inline]
            at_line_start = at_line_start and all(ends)
        elif not (isinstance(node, _SILENT) or _keeps(node)):
            at_line_start = False
    nodes[:] = [node for node in nodes if not _is_nothing(node)]
    return at_line_start


def _is_nothing(node: Node) -> bool:
    """Whether a node is of no use any more: each takes time, and there are several for each message."""
    return isinstance(node, CommentNode | LoadNode) or (isinstance(node, TextNode) and not node.s)


def _one_of(white_space: re.Match[str]) -> str:
    # A space is as good as a line end, and shorter in a stream, where each line has a name.
    return "\n" if white_space[0].endswith("\n") else " "


def _bodies(node: Node) -> list[NodeList]:
    """Return what may be written between the tags of a node."""
    if isinstance(node, IfNode):
        return [body for _condition, body in node.conditions_nodelists]
    return [body for name in node.child_nodelists if (body := getattr(node, name, None))]


def _keeps(node: Node) -> bool:
    """Whether the tag ends in "as" and a name: it writes nothing."""
    return any(getattr(node, name, None) for name in ("asvar", "target_var"))


def _end(nodes: NodeList) -> None:
    """Take out the end of the last line, which each branch of a condition has, too."""
    for node in reversed(nodes):
        if isinstance(node, TextNode):
            node.s = _OPEN_END.sub("", node.s)
        elif isinstance(node, IfNode | WithNode):
            for body in _bodies(node):
                _end(body)
        if not isinstance(node, TextNode) or node.s:
            return
