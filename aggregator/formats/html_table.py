"""Tables on a page: rows put in order, and spans kept only where they make a complete grid."""

from __future__ import annotations

from dataclasses import dataclass, field

from aggregator.formats.html_tree import HtmlNode

WIDEST = 1000
"""Columns or rows that a cell may span."""


@dataclass(slots=True)
class Cell:
    """A cell to be written as `name`. Spans are at least 1."""

    name: str
    node: HtmlNode
    children: list[HtmlNode | str]
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class Row:
    """A row (`tr`) and its cells."""

    node: HtmlNode
    cells: list[Cell]


@dataclass(slots=True)
class Group:
    """Rows below thead, tbody or tfoot."""

    name: str
    node: HtmlNode
    rows: list[Row]


@dataclass(slots=True)
class HtmlTable:
    """What a table contains; `loose` is what may not be in a table and is written before it."""

    caption: HtmlNode | None = None
    groups: list[Group] = field(default_factory=list)
    loose: list[HtmlNode | str] = field(default_factory=list)


def read(node: HtmlNode) -> HtmlTable:
    """The table's caption, then its row groups as the standard orders them: one head first, one foot last."""
    table = HtmlTable()
    direct: list[HtmlNode] = []
    for child in node.children:
        if isinstance(child, str):
            if child.strip():
                table.loose.append(child)
        elif child.name == "caption" and table.caption is None:
            table.caption = child
        elif child.name in ("thead", "tbody", "tfoot"):
            _flush(table, direct)
            _add(table, child.name, child, child.elements("tr"))
        elif child.name == "tr":
            direct.append(child)
        elif child.name not in ("col", "colgroup"):
            table.loose.append(child)
    _flush(table, direct)
    _order(table.groups)
    if not _is_whole(table.groups):
        for cell in (cell for group in table.groups for row in group.rows for cell in row.cells):
            cell.columns = cell.rows = 1
    return table


def _flush(table: HtmlTable, direct: list[HtmlNode]) -> None:
    if direct:
        _add(table, "tbody", HtmlNode("tbody", {}), direct)
        direct.clear()


def _add(table: HtmlTable, name: str, node: HtmlNode, rows: list[HtmlNode]) -> None:
    read_rows = [Row(row, cells) for row in rows if (cells := [_cell(cell) for cell in row.elements("td", "th")])]
    if read_rows:
        table.groups.append(Group(name, node, read_rows))


def _cell(node: HtmlNode) -> Cell:
    return Cell(node.name, node, node.children, _span(node, "colspan"), _span(node, "rowspan"))


def _span(node: HtmlNode, name: str) -> int:
    given = node.attributes.get(name, "")
    return min(max(int(given), 1), WIDEST) if given.isascii() and given.isdigit() and len(given) < 5 else 1


def _order(groups: list[Group]) -> None:
    for index, group in enumerate(groups):
        is_first, is_last = index == 0, index == len(groups) - 1
        if (group.name == "thead" and not is_first) or (group.name == "tfoot" and not (is_last and not is_first)):
            group.name = "tbody"


def _is_whole(groups: list[Group]) -> bool:
    """Whether no cells overlap, no span leaves its group, and in each column some cell begins."""
    if all(cell.columns == cell.rows == 1 for group in groups for row in group.rows for cell in row.cells):
        return True
    begun: set[int] = set()
    width = 0
    for group in groups:
        ends = _grid_width(group.rows, begun)
        if ends is None:
            return False
        width = max(width, ends)
    return begun >= set(range(width))


def _grid_width(rows: list[Row], begun: set[int]) -> int | None:
    """How many columns the rows take, None if spans do not fit; adds the columns in which cells begin to `begun`."""
    until: dict[int, int] = {}
    width = 0
    for index, row in enumerate(rows):
        column = 0
        for cell in row.cells:
            while until.get(column, 0) > index:
                column += 1
            taken = range(column, column + cell.columns)
            if index + cell.rows > len(rows) or any(until.get(place, 0) > index for place in taken):
                return None
            begun.add(column)
            until.update(dict.fromkeys(taken, index + cell.rows))
            column += cell.columns
        width = max(width, column, *(place + 1 for place, end in until.items() if end > index))
    return width
