"""Whether the texts of a figure can be read."""

from itertools import combinations


def boxes_of(figure):
    """Where texts are, in pixels of the figure, after the layout."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = {("legend", i): legend.get_window_extent(renderer) for i, legend in enumerate(figure.legends)}
    boxes |= {("text", i): text.get_window_extent(renderer) for i, text in enumerate(figure.texts)}
    for number, axis in enumerate(figure.axes):
        texts = [axis.title, axis.xaxis.label, axis.yaxis.label, axis.yaxis.get_offset_text()]
        limits = {"x": sorted(axis.get_xlim()), "y": sorted(axis.get_ylim())}
        for which, each in (("x", axis.xaxis), ("y", axis.yaxis)):
            low, high = limits[which]
            ticks = zip(each.get_major_ticks(), each.get_majorticklocs(), strict=True)
            texts += [tick.label1 for tick, place in ticks if low <= place <= high]
        boxes |= {
            (number, place): text.get_window_extent(renderer) for place, text in enumerate(texts) if text.get_text()
        }
    return boxes


def assert_readable(figure):
    """No text is cut, and none lies over another."""
    boxes = boxes_of(figure)
    width, height = figure.bbox.width, figure.bbox.height
    outside = {
        name: box.extents.tolist()
        for name, box in boxes.items()
        if min(box.extents) < -0.5 or box.x1 > width + 0.5 or box.y1 > height + 0.5
    }
    assert outside == {}
    over_each_other = [
        (one, other)
        for one, other in combinations(boxes, 2)
        if min(boxes[one].x1, boxes[other].x1) - max(boxes[one].x0, boxes[other].x0) > 1
        and min(boxes[one].y1, boxes[other].y1) - max(boxes[one].y0, boxes[other].y0) > 1
    ]
    assert over_each_other == []
