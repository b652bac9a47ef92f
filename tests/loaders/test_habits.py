"""What spreadsheet programs and graph tools do to a table besides writing it down: understood, or refused by name."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from kolgraph.errors import InputError, UnknownFormat
from tests.worlds.shelf import Shelf

FORWARD = {"record": "follow", "direction": "forward"}
EDGES = (
    "SELECT split_part(s.account_id, ':', 2), split_part(d.account_id, ':', 2), weight FROM follows "
    "JOIN accounts s ON s.account_key = src JOIN accounts d ON d.account_key = dst"
)


def follows(shelf: Shelf) -> set[tuple[str, str, float]]:
    return set(shelf.rows(EDGES))


def ends(shelf: Shelf) -> set[str]:
    return {f"{src}>{dst}" for src, dst, _ in follows(shelf)}


# ---------------------------------------------------------------------- places in node-link JSON


def node_link(shelf: Shelf, nodes: object, links: object) -> set[str]:
    shelf.empty()
    graph = {"directed": True, "nodes": nodes, "links": links}
    shelf.load(json.dumps(graph), "g.json", direction="forward")
    return ends(shelf)


def test_whole_numbers_that_are_no_ids_are_places(shelf: Shelf) -> None:
    links = [{"source": 0, "target": 1}, {"source": 2, "target": 1}]
    for ids in ([11, 12, 13], ["11", "12", "13"], [1, 2, 3]):
        first, second, third = map(str, ids)
        assert node_link(shelf, [{"id": n} for n in ids], links) == {f"{first}>{second}", f"{third}>{second}"}
        assert len(shelf.rows("FROM accounts")) == 3


def test_whole_numbers_that_are_all_ids_are_ids(shelf: Shelf) -> None:
    links = [{"source": 0, "target": 1}, {"source": 2, "target": 1}]
    assert node_link(shelf, [{"id": n} for n in (2, 0, 1)], links) == {"0>1", "2>1"}
    assert node_link(shelf, [{"id": n} for n in ("2", "0", "1")], links) == {"0>1", "2>1"}


def test_a_number_beyond_the_nodes_makes_all_of_them_ids(shelf: Shelf) -> None:
    links = [{"source": 0, "target": 1}, {"source": 7, "target": 1}]
    assert node_link(shelf, [{"id": n} for n in (11, 12, 13)], links) == {"0>1", "7>1"}


def test_ends_may_be_the_nodes_themselves_and_nodes_may_have_keys(shelf: Shelf) -> None:
    nodes = [{"key": "ann"}, {"key": "bob"}]
    assert node_link(shelf, nodes, [{"source": {"key": "ann"}, "target": "bob"}]) == {"ann>bob"}


# ---------------------------------------------------------------------- defaults


def test_defaults_of_graphml_hold_where_nothing_is_said(shelf: Shelf) -> None:
    text = (
        '<graphml><key id="w" for="edge" attr.name="weight" attr.type="double"><default>2.5</default></key>'
        '<key id="n" for="node" attr.name="niche"><default>beauty</default></key>'
        '<graph edgedefault="directed"><node id="a"/><node id="b"><data key="n">food</data></node>'
        '<edge source="a" target="b"/><edge source="b" target="a"><data key="w">4</data></edge></graph></graphml>'
    )
    shelf.load(text, "g.graphml", direction="forward")
    assert follows(shelf) == {("a", "b", 2.5), ("b", "a", 4.0)}
    assert shelf.rows("SELECT niche FROM accounts ORDER BY account_id") == [("beauty",), ("food",)]


def test_defaults_of_gexf_and_gdf_hold_where_nothing_is_said(shelf: Shelf) -> None:
    text = (
        '<gexf><graph defaultedgetype="directed"><attributes class="node"><attribute id="0" title="niche">'
        "<default>beauty</default></attribute></attributes><nodes><node id='a'/><node id='b'><attvalues>"
        "<attvalue for='0' value='food'/></attvalues></node></nodes><edges><edge source='a' target='b'/></edges>"
        "</graph></gexf>"
    )
    shelf.load(text, "g.gexf", direction="forward")
    assert shelf.rows("SELECT niche FROM accounts ORDER BY account_id") == [("beauty",), ("food",)]
    shelf.empty()
    text = (
        "nodedef>name VARCHAR\na\nb\n"
        "edgedef>node1 VARCHAR,node2 VARCHAR,weight DOUBLE default 2.5,directed BOOLEAN default false\n"
        "a,b\nb,a,4,true\n"
    )
    shelf.load(text, "g.gdf", direction="forward")
    assert shelf.rows("SELECT count(*) FROM follows") == [(2,)]
    assert ("a", "b", 2.5) in follows(shelf)


# ---------------------------------------------------------------------- headers that are none


@pytest.mark.parametrize("first", ["a,b", "u,v", "v,u"])
def test_two_letters_are_accounts_unless_the_rows_below_are_of_another_make(shelf: Shelf, first: str) -> None:
    shelf.load(f"{first}\na,c\n", "f.edges", **FORWARD)
    assert ends(shelf) == {first.replace(",", ">"), "a>c"}
    for body in ("11,12\n", "ann,bob\n", "1,2\n"):
        shelf.empty()
        shelf.load(f"{first}\n{body}", "f.edges", **FORWARD)
        assert ends(shelf) == {body.strip().replace(",", ">")}


@pytest.mark.parametrize("text", [";A;B;C\nA;0;1;0\nB;1;0;0\nC;0;0;0\n", ",1,2\n1,0,.5\n2,,0\n", "\tx\ty\nx\t\t1\n"])
def test_a_matrix_is_refused_by_name(shelf: Shelf, text: str) -> None:
    with pytest.raises(InputError, match=r"matrix .*list of edges"):
        shelf.load(text, "m.csv", **FORWARD)


@pytest.mark.parametrize("word", ["Undirected", "Ungerichtet", "无向", "Non dirigé", "双向"])
def test_the_type_of_an_edge_is_read_in_several_languages(shelf: Shelf, word: str) -> None:
    shelf.load(f"Source,Target,Type\n1,2,{word}\n3,4,有向\n5,6,\n", "e.csv", **FORWARD)
    assert ends(shelf) == {"1>2", "2>1", "3>4", "5>6"}


def test_a_type_that_nobody_knows_costs_its_row(shelf: Shelf) -> None:
    report = shelf.load("Source,Target,Type\n1,2,Directed\n3,4,sideways\n", "e.csv", **FORWARD)
    assert [r.line for r in report.rejects] == [3] and ends(shelf) == {"1>2"}


# ---------------------------------------------------------------------- what Excel writes and what is named like it


@pytest.mark.parametrize(("sep", "cut"), [(";", ";"), ("|", "|"), ("\t", "\t"), ("\\t", "\t"), (",", ",")])
def test_the_line_that_tells_excel_the_separator_is_no_row(shelf: Shelf, sep: str, cut: str) -> None:
    text = f"sep={sep}\r\nfollower{cut}followed\r\n11{cut}12\r\n13\r\n"
    report = shelf.load(b"\xef\xbb\xbf" + text.encode())
    assert ends(shelf) == {"11>12"} and [r.line for r in report.rejects] == [4]
    shelf.empty()
    assert [r.line for r in shelf.load(f"sep={sep}\n11{cut}12\n13\n", "f.edges", **FORWARD).rejects] == [3]
    assert ends(shelf) == {"11>12"}


PAGES = {
    "list.xls": "<html><body><table><tr><td>a</td></tr></table></body></html>",
    "fans.csv": "<!DOCTYPE html>\n<html><head></head></html>",
    "t.xlsx": "<!-- made by a tool -->\n<table><tr><td>a</td></tr></table>",
    "old.xls": '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook/>',
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_named_like_a_table_is_refused_by_name(shelf: Shelf, name: str) -> None:
    with pytest.raises(UnknownFormat, match=rf"(HTML page|Excel 2003 as XML) named {Path(name).suffix}; .*save it as"):
        shelf.load(PAGES[name], name)


APOC = {
    "a.csv": '"_id","_labels","name","uid","_start","_end","_type"\n"0",":User","A","11",,,\n,,,,"0","1","FOLLOWS"\n',
    "a.json": '{"type":"node","id":"0","labels":["U"],"properties":{}}\n'
    '{"id":"5","type":"relationship","label":"F","start":{"id":"0"},"end":{"id":"1"}}\n',
}


@pytest.mark.parametrize("name", APOC)
def test_an_export_of_apoc_is_refused_with_what_to_do(shelf: Shelf, name: str) -> None:
    with pytest.raises(InputError, match=r"APOC.*bulkImport: true"):
        shelf.load(APOC[name], name)


# ---------------------------------------------------------------------- workbooks


def workbook(sheets: dict[str, list[list[object]]], *merged: str) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        ws = book.create_sheet(name)
        for row in rows:
            ws.append(row)
        for cells in merged:
            ws.merge_cells(cells)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


HEAD: list[object] = ["follower", "followed"]


def test_every_sheet_is_read_or_named(shelf: Shelf) -> None:
    data = workbook({"a": [HEAD, ["1", "2"]], "b": [HEAD, ["3", "2"]], "notes": [["x", "y"], ["1", "2"]]})
    report = shelf.load(data, "f.xlsx")
    assert ends(shelf) == {"1>2", "3>2"} and report.counts.read == 2
    said = " ".join(report.decisions)
    assert "sheet a: " in said and "sheet b: " in said and "NOT READ: sheet 'notes'" in said


def test_a_mapping_holds_for_every_sheet_that_has_its_columns(shelf: Shelf) -> None:
    data = workbook({"a": [["x", "y"], ["1", "2"]], "b": [["y", "x"], ["2", "3"]], "c": [["z"], ["9"]]})
    report = shelf.load(data, "f.xlsx", record="follow", mapping={"src": "x", "dst": "y"})
    assert ends(shelf) == {"1>2", "3>2"} and "NOT READ: sheet 'c'" in report.decisions[-1]


def test_a_formula_that_was_never_computed_costs_its_row(shelf: Shelf) -> None:
    data = workbook({"a": [HEAD, ["1", "2"], ["3", "=A2+1"], ["4", "2"]]})
    report = shelf.load(data, "f.xlsx")
    assert [(r.line, r.code) for r in report.rejects] == [(3, "NOT_COMPUTED")]
    assert "cell B3" in report.rejects[0].message and ends(shelf) == {"1>2", "4>2"}


def test_formulas_that_were_computed_are_values(shelf: Shelf, tmp_path: Path) -> None:
    """As a spreadsheet program saves them: with what they come to, which may be an empty text."""
    plain = workbook({"a": [["follower", "followed", "since"], ["1", "=A2+1", '=""']]})
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(plain)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = re.sub(rb"<f>A2\+1</f><v ?/?>(</v>)?", b"<f>A2+1</f><v>2</v>", old.read(info))
            new.writestr(info, data.replace(b'<c r="C2"', b'<c r="C2" t="str"'))
    report = shelf.load(out.getvalue(), "f.xlsx")
    assert report.counts.rejected == 0 and ends(shelf) == {"1>2"}


def test_what_is_merged_downwards_holds_for_every_row(shelf: Shelf) -> None:
    rows: list[list[object]] = [HEAD, ["1", "2"], ["3", None], ["4", None], ["5", "6"]]
    report = shelf.load(workbook({"a": rows}, "B2:B4"), "f.xlsx")
    assert report.counts.rejected == 0 and ends(shelf) == {"1>2", "3>2", "4>2", "5>6"}


def test_a_damaged_row_below_the_header_is_its_own_problem(shelf: Shelf) -> None:
    report = shelf.load(b"follower,followed\n1\r,2,3\n4,5\n")
    assert ends(shelf) == {"4>5"} and report.counts.rejected >= 1


def test_a_list_that_says_how_many_edges_it_has_is_asked_about_where_it_has_others(shelf: Shelf) -> None:
    comment = "# Nodes: 3 Edges: {}\n# FromNodeId\tToNodeId\n10001\t10002\n10003\t10002\n"
    assert "cut off" not in shelf.load(comment.format(2), "whole.txt", **FORWARD).decisions[0]
    shelf.empty()
    said = "; its comment says 5 edges and 2 lines hold one: is it cut off?"
    assert shelf.load(comment.format(5), "part.txt", **FORWARD).decisions[0].endswith(said)
