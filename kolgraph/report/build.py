"""Put the report together: frames and figures into one file that can neither load nor send anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph import __version__, locale, pictures
from kolgraph.report import data
from kolgraph.targets import MARK, atomic_path, check
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.renewing import bring_up, old_rows
from kolgraph.workspace.tables import RESULTS

if TYPE_CHECKING:
    import jinja2
    import pandas as pd
    import plotly.graph_objects as go

    from kolgraph.workspace import Workspace

#: The command that computes what a section shows.
COMMANDS = {
    "influence": "kolgraph rank {workspace}",
    "niches": "kolgraph niches {workspace}",
    "rings": "kolgraph rings {workspace}",
    "spread": "kolgraph spread {workspace}",
    "plan": "kolgraph plan {workspace} --budget 200000",
}


def report(workspace: Workspace, path: str | Path, *, lang: str = "en") -> Path:
    """Write everything a workspace knows as one self-contained HTML file.

    Parameters
    ----------
    workspace : Workspace
        Answers that are missing or old are found first; the plan is the one that was asked for last. A section for
        which there is nothing says what it needs.
    path : str or Path
        The file, readable by its owner only; an older report is replaced at once or not at all.
    lang : str
        ``en`` or ``zh``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UnknownName
        Another language.
    InputError
        There is another file, or it is no place for one; see `kolgraph.targets.check`.
    EnvironmentProblem
        The folder cannot be written.

    Notes
    -----
    About 5 MB, of which plotly.js is 4.8. The file holds names of accounts. A content security policy forbids it every
    request and every script but its own; the same data give the same bytes.

    Examples
    --------
    >>> workspace.report("report.html", lang="zh")  # doctest: +SKIP
    """
    text, target = locale.catalogue(lang), Path(path)
    check(target)  # before minutes of work
    bring_up(workspace, RESULTS)  # with `as_is` the old ones will do: only what there is not is found
    content = _content(workspace) | {"old": old_rows(workspace) if workspace.mode.as_is else []}
    html = page(
        "report.html",
        _figures(content, text),
        lang=lang,
        workspace=workspace.path.name,
        coverage=coverage(workspace).line(lang),
        commands={key: line.format(workspace=workspace.path.name) for key, line in COMMANDS.items()},
        flag_limit=data.RING_SHARE_FLAG,
        marks=pictures.MARKS,
        tree_marks=pictures.TREE_MARKS,
        **content,
    )
    return write_page(html, target)


def page(template: str, drawn: Mapping[str, go.Figure], *, lang: str, **content: Any) -> str:
    """A page of ours: a template of this package with figures, by the id of the place each is drawn in."""
    from plotly.offline import get_plotlyjs

    text = locale.catalogue(lang)
    figures = _for_script({key: json.loads(figure.to_json()) for key, figure in drawn.items()})
    # The pass for our own scripts must not be known to who chooses an account's name: it depends on the whole content.
    nonce = hashlib.blake2b(f"{lang}\n{figures}\n{content!r}".encode(), digest_size=16).hexdigest()
    html = (
        _environment(text)
        .get_template(template)
        .render(
            t=text,
            figures=figures,
            nonce=nonce,
            plotlyjs=get_plotlyjs(),
            menu=_for_script({key: text[f"menu.{key}"] for key in ("zoom_in", "zoom_out", "pan", "reset", "save")}),
            version=__version__,
            mark=MARK,
            **content,
        )
    )
    return html.strip() + "\n"


def write_page(html: str, target: Path) -> Path:
    """Put a page where it is wanted, readable by its owner only."""
    with atomic_path(target) as part:
        part.write_text(html, encoding="utf-8", newline="\n")
    return target


def _content(workspace: data.Tables) -> dict[str, Any]:
    return {
        "health": data.health(workspace),
        "influence": data.influence(workspace),
        "niches": data.niches(workspace),
        "rings": data.rings(workspace),
        "cascade": data.cascade(workspace),
        "plan": data.plan(workspace),
        "manifests": data.manifests(workspace),
    }


def _figures(content: Mapping[str, Any], text: Mapping[str, str]) -> dict[str, go.Figure]:
    """The pictures, by the id of the place each is drawn in."""
    drawn: dict[str, go.Figure] = {}
    if content["influence"] is not None:
        drawn["influence"] = pictures.influence_bars(content["influence"], text=text)
    if (niches := content["niches"]) is not None:
        drawn["niches"] = pictures.niche_map(niches.table, niches.accounts, niches.links, niches.ties, text=text)
    if content["rings"] is not None and len(content["rings"].incidence):
        drawn["rings"] = pictures.ring_matrix(content["rings"].incidence, text=text)
    if content["cascade"] is not None and len(content["cascade"].nodes):
        drawn["tree"] = pictures.cascade_tree(content["cascade"].nodes, text=text)
        drawn["curve"] = pictures.repost_curve(content["cascade"].nodes, text=text)
    if content["plan"] is not None:
        drawn["plan"] = pictures.plan_curve(content["plan"].picks, text=text)
    return drawn


def _for_script(value: object) -> str:
    """JSON that a script element can hold: nothing in it can end the element or a line."""
    raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for char in "<>&\u2028\u2029":
        raw = raw.replace(char, f"\\u{ord(char):04x}")
    return raw


def _environment(text: Mapping[str, str]) -> jinja2.Environment:
    """A template engine that escapes everything and refuses what it does not know."""
    import jinja2
    from markupsafe import Markup, escape

    def name(value: object) -> Markup:
        """A name cannot change the direction of the text around it."""
        return Markup("<bdi>{}</bdi>").format(pictures.visible(value))

    def fill(pattern: str, **values: object) -> Markup:
        return escape(pattern).format(**values)

    engine = jinja2.Environment(
        loader=jinja2.PackageLoader("kolgraph.report", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lang = text["lang"]
    engine.filters |= {
        "name": name,
        "plain": pictures.visible,
        "fill": fill,
        "rows": rows,
        "number": partial(locale.number, lang=lang),
        "money": partial(locale.money, lang=lang),
        "percent": partial(locale.percent, lang=lang),
        "moment": partial(locale.moment, lang=lang),
        "duration": partial(locale.duration, lang=lang),
    }
    return engine


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame as plain values, None for what is missing."""
    return [
        {str(k): None if v is None or v != v else v for k, v in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]
