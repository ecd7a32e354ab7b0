"""Draws which room imports which, from the code, for "How a run travels". ``--check`` fails if the figure is stale.

A room is a folder of a package; the plugins count as one, and so does the door of the core, from which they import.
Modules beside the rooms, such as the errors, are imported from everywhere and left out, and so is an arrow that others
imply: where A imports B and B imports C, there is none from A to C. What is imported stands below what imports it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import grimp
import networkx

FIGURE = Path(__file__).parent / "pictures" / "imports.svg"
PACKAGES = {"tunekit": "tunekit, the application", "plugins": "the plugins", "tunekit_core": "tunekit_core"}
COLOURS = {"tunekit": "#d6e6f5", "plugins": "#fbe6cb", "tunekit_core": "#dcefdc"}
PLUGINS = tuple(
    f"tunekit_{name}"
    for name in ("asha", "benchmarks", "bo", "local", "sagemaker", "simulator", "tensorboard", "trackers")
)
WIDTH, HEIGHT = 116, 38  # of a box, in pixels
BEND = 12  # width kept free where an arrow passes a layer
GAP_X, GAP_Y = 24, 50
MARGIN = 20
LEGEND, LEGEND_WIDTH = 44, 190
N_SWEEPS = 24  # of the ordering that uncrosses arrows, and of the placing that straightens them


@attrs.frozen(order=True)
class Room:
    """A box. With the layer that it passes, a bend of an arrow."""

    package: str
    name: str
    layer: int | None = None

    @property
    def width(self) -> int:
        """Pixels."""
        return WIDTH if self.layer is None else BEND


DOOR = Room("tunekit_core", "tunekit_core")
OFFERED = Path(__file__).parents[1] / "tunekit_core" / "__init__.pyi"  # what the door imports when it is asked for

Graph = networkx.DiGraph
Layers = list[list[Room]]


def main(arguments: list[str]) -> int:
    """Write or check the figure; the exit status."""
    if arguments not in (["--write"], ["--check"]):
        print("Type: python docs/draw_imports.py --write (or --check)", file=sys.stderr)
        return 2
    text = "\n".join(drawing(imports())) + "\n"
    if arguments == ["--write"]:
        FIGURE.parent.mkdir(exist_ok=True)
        FIGURE.write_text(text, encoding="utf-8")
    elif not FIGURE.exists() or FIGURE.read_text(encoding="utf-8") != text:
        print(f"Not up to date: {FIGURE.name}. Type: nox -s docs", file=sys.stderr)
        return 1
    return 0


def imports() -> Graph:
    """Which room imports which."""
    modules = grimp.build_graph("tunekit", "tunekit_core", *PLUGINS, cache_dir=None)
    rooms = {module: _room(module, modules) for module in sorted(modules.modules)}
    graph = Graph()
    graph.add_nodes_from(sorted({room for room in rooms.values() if room is not None}))
    for importer, room in rooms.items():
        for imported in sorted(modules.find_modules_directly_imported_by(importer)):
            other = rooms[imported]
            if room is not None and other is not None and other != room:
                graph.add_edge(room, other)
    graph.remove_edges_from([(room, DOOR) for room in graph.pred[DOOR] if room.package == DOOR.package])  # its version
    for statement in ast.parse(OFFERED.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            room = _room(f"tunekit_core.{statement.module}", modules)
            if room is not None:
                graph.add_edge(DOOR, room)
    return graph


def _room(module: str, modules: grimp.ImportGraph) -> Room | None:
    package, *names = module.split(".")
    if package in PLUGINS:
        return Room("plugins", "asha, bo, …")
    if module == DOOR.name:
        return DOOR
    return Room(package, names[0]) if names and modules.find_children(f"{package}.{names[0]}") else None


def drawing(graph: Graph) -> Iterator[str]:
    """The figure as SVG."""
    layer_of = _layers(graph)
    bent = _bent(_without_implied(graph), layer_of)
    places = _places(_uncrossed(bent, layer_of), bent)
    right = max(x + room.width for room, (x, _) in places.items()) + MARGIN
    width = max(right, LEGEND_WIDTH * len(PACKAGES) + MARGIN)
    places = {room: (x + (width - right) // 2, y) for room, (x, y) in places.items()}
    height = max(y for _, y in places.values()) + HEIGHT + MARGIN
    size = f'viewBox="0 0 {width} {height}" width="{width}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    yield "<title>Which room imports which</title>"
    yield '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield '<path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>'
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'
    for number, (package, text) in enumerate(PACKAGES.items()):
        x = MARGIN + LEGEND_WIDTH * number
        yield f'<rect x="{x}" y="14" width="16" height="16" fill="{COLOURS[package]}" stroke="#444"/>'
        yield f'<text x="{x + 24}" y="27" font-size="13">{text}</text>'
    for room, other in bent.edges:
        yield _arrow(room, other, places)
    for room, (x, y) in places.items():
        if room.layer is None:
            box = f'x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"'
            yield f'<rect {box} fill="{COLOURS[room.package]}" stroke="#444"/>'
            yield f'<text x="{x + WIDTH // 2}" y="{y + 24}" font-size="15" text-anchor="middle">{room.name}</text>'
    yield "</svg>"


def _layers(graph: Graph) -> dict[Room, int]:
    """The application above the plugins above the core; within each, what imports above what is imported."""
    layer_of: dict[Room, int] = {}
    first = 0
    for package in PACKAGES:
        part = graph.subgraph(room for room in graph if room.package == package)
        circles = networkx.condensation(part)  # rooms that import each other stand side by side
        for number, generation in enumerate(networkx.topological_generations(circles)):
            for circle in generation:
                layer_of.update(dict.fromkeys(circles.nodes[circle]["members"], first + number))
        first = max(layer_of.values()) + 1
    return layer_of


def _without_implied(graph: Graph) -> Graph:
    circles = networkx.condensation(graph)
    kept = networkx.transitive_reduction(circles)
    circle_of = circles.graph["mapping"]
    reduced = Graph()
    reduced.add_nodes_from(graph)
    for room, other in graph.edges:
        if circle_of[room] == circle_of[other] or kept.has_edge(circle_of[room], circle_of[other]):
            reduced.add_edge(room, other)
    return reduced


def _bent(graph: Graph, layer_of: dict[Room, int]) -> Graph:
    """With a bend in each layer that an arrow passes; those to one room that pass a layer share one."""
    bent = Graph()
    bent.add_nodes_from(graph)
    for room, other in graph.edges:
        last = room
        for layer in range(layer_of[room] + 1, layer_of[other]):
            bend = Room(other.package, other.name, layer)
            layer_of[bend] = layer
            bent.add_edge(last, bend)
            last = bend
        bent.add_edge(last, other)
    return bent


def _uncrossed(bent: Graph, layer_of: dict[Room, int]) -> Layers:
    """Each layer in an order in which few arrows cross: by the mean position of the neighbours above, then below."""
    layers: Layers = [[] for _ in range(max(layer_of.values()) + 1)]
    for room in sorted(bent, key=lambda room: (room.name, room.layer or 0)):
        layers[layer_of[room]].append(room)
    best, fewest = [list(layer) for layer in layers], _n_crossings(layers, bent)
    for sweep in range(N_SWEEPS):
        neighbours, order = (bent.pred, layers) if sweep % 2 == 0 else (bent.succ, layers[::-1])
        position = {room: i / len(layer) for layer in layers for i, room in enumerate(layer)}
        for layer in order:
            mean = {room: _mean([position[other] for other in neighbours[room]], position[room]) for room in layer}
            layer.sort(key=mean.__getitem__)
            position.update({room: i / len(layer) for i, room in enumerate(layer)})
        if (crossings := _n_crossings(layers, bent)) < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _n_crossings(layers: Layers, bent: Graph) -> int:
    position = {room: i for layer in layers for i, room in enumerate(layer)}
    count = 0
    for layer in layers:
        ends = [(position[room], position[other]) for room in layer for other in bent.succ[room]]
        count += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i])
    return count


def _places(layers: Layers, bent: Graph) -> dict[Room, tuple[int, int]]:
    """The upper left corner of each box: in the order of its layer, as near below its neighbours as there is room."""
    centre: dict[Room, float] = {}
    for layer in layers:
        x = 0.0
        for room in layer:
            centre[room] = x + room.width / 2
            x += room.width + GAP_X
        centre.update({room: centre[room] - x / 2 for room in layer})
    for _ in range(N_SWEEPS):
        for layer in layers:
            wanted = {r: _mean([centre[other] for other in (*bent.pred[r], *bent.succ[r])], centre[r]) for r in layer}
            from_left, from_right = _packed(layer, wanted, 1), _packed(layer[::-1], wanted, -1)
            centre.update({room: (from_left[room] + from_right[room]) / 2 for room in layer})
    left = min(centre[room] - room.width / 2 for room in centre)
    return {
        room: (round(centre[room] - room.width / 2 - left) + MARGIN, LEGEND + number * (HEIGHT + GAP_Y))
        for number, layer in enumerate(layers)
        for room in layer
    }


def _packed(layer: list[Room], wanted: dict[Room, float], sign: int) -> dict[Room, float]:
    """Where each wants to be, or as far beyond as the one before it takes."""
    packed: dict[Room, float] = {}
    free = float("-inf")
    for room in layer:
        packed[room] = sign * max(sign * wanted[room], free + room.width / 2)
        free = sign * packed[room] + room.width / 2 + GAP_X
    return packed


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _arrow(room: Room, other: Room, places: dict[Room, tuple[int, int]]) -> str:
    (x, y), (to_x, to_y) = places[room], places[other]
    x, to_x = x + room.width // 2, to_x + other.width // 2
    style = 'fill="none" stroke="#444"' + (' marker-end="url(#head)"' if other.layer is None else "")
    if y == to_y:  # a circle: it goes round below
        below = y + HEIGHT
        return f'<path d="M{x} {below}Q{(x + to_x) // 2} {below + GAP_Y} {to_x} {below}" stroke-dasharray="4" {style}/>'
    start, middle = y + HEIGHT, (y + HEIGHT + to_y) // 2
    through = f"V{to_y + HEIGHT}" if other.layer is not None else ""
    return f'<path d="M{x} {start}C{x} {middle} {to_x} {middle} {to_x} {to_y}{through}" {style}/>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
