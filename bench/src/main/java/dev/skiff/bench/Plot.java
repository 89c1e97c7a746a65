package dev.skiff.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A line chart as an SVG element. Pure.
 *
 * @param title what the vertical axis has, with its unit
 * @param below what the horizontal axis has
 */
record Plot(String title, String below, Scale x, Scale y, List<Line> lines) {
  /** One line; equal colours belong together. */
  record Line(String colour, List<Point> points) {}

  record Point(double x, double y) {}

  private static final int WIDTH = 760;
  private static final int HEIGHT = 300;
  private static final int LEFT = 70;
  private static final int RIGHT = 30;
  private static final int TOP = 30;
  private static final int BOTTOM = 45;

  String svg() {
    int bottom = HEIGHT - BOTTOM;
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(Locale.ROOT, "<svg viewBox=\"0 0 %d %d\" role=\"img\">%n", WIDTH, HEIGHT));
    svg.append(text("", LEFT, TOP - 12, title));
    for (double tick : x.ticks()) {
      svg.append(grid(left(tick), TOP, left(tick), bottom));
      svg.append(text("x", left(tick), bottom + 16, x.label(tick)));
    }
    for (double tick : y.ticks()) {
      svg.append(grid(LEFT, top(tick), WIDTH - RIGHT, top(tick)));
      svg.append(text("y", LEFT - 6, top(tick) + 4, y.label(tick)));
    }
    svg.append(text("x", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, below));
    for (Line line : lines) {
      String points = line.points().stream().map(this::point).collect(Collectors.joining(" "));
      svg.append("<polyline stroke=\"" + line.colour() + "\" points=\"" + points + "\"/>\n");
    }
    return svg.append("</svg>\n").toString();
  }

  private double left(double value) {
    return LEFT + (WIDTH - LEFT - RIGHT) * x.position(value);
  }

  private double top(double value) {
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - y.position(value));
  }

  private String point(Point point) {
    return String.format(Locale.ROOT, "%.1f,%.1f", left(point.x()), top(point.y()));
  }

  private static String grid(double x1, double y1, double x2, double y2) {
    return String.format(
        Locale.ROOT,
        "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
        x1,
        y1,
        x2,
        y2);
  }

  private static String text(String anchor, double x, double y, String content) {
    return String.format(
        Locale.ROOT,
        "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n",
        anchor,
        x,
        y,
        Html.escape(content));
  }
}
