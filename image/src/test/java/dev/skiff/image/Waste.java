package dev.skiff.image;

import static java.util.Comparator.comparingLong;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.summingLong;
import static java.util.stream.Collectors.toList;

import dev.skiff.image.SavedImage.Entry;
import dev.skiff.image.SavedImage.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** What lies in an image, layer by layer, beside what its server opens: a table for people. */
record Waste(SavedImage image, Set<String> opened) {
  private static final int ROWS = 8;

  /** Bytes above the base that the server never opened. */
  long neverOpenedOfOurs() {
    return sum(image.own().stream().flatMap(this::neverOpened));
  }

  String report() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "Sizes in MB, of regular files; gzip -6 of the layer's tar. A file counts as opened as a");
    lines.add("whole, even if only a page of it was read.");
    layers(lines);
    lines.add("\nNever opened, above the base");
    largest(lines, image.own().stream().flatMap(this::neverOpened));
    lines.add("\nNever opened in the base, by folder");
    folders(lines);
    lines.add("\nThe same content in more than one place");
    duplicates(lines);
    for (int index = 0; index < image.layers().size(); index++) {
      Layer layer = image.layers().get(index);
      lines.add("\nLargest in layer " + index + ", " + name(layer));
      largest(lines, layer.files().stream());
    }
    return String.join("\n", lines) + "\n";
  }

  private void layers(List<String> lines) {
    lines.add(
        "\n%-24s %7s %8s %8s %14s %8s"
            .formatted("layer", "files", "MB", "gzip", "never opened", "MB"));
    for (Layer layer : image.layers()) {
      lines.add(row(name(layer), List.of(layer)));
    }
    lines.add(row("all", image.layers()));
  }

  private String row(String name, List<Layer> layers) {
    List<Entry> files = layers.stream().flatMap(layer -> layer.files().stream()).toList();
    List<Entry> unused = layers.stream().flatMap(this::neverOpened).toList();
    return String.format(
        Locale.ROOT,
        "%-24s %7d %8.2f %8.2f %14d %8.2f",
        name,
        files.size(),
        sum(files.stream()) / 1e6,
        layers.stream().mapToLong(Layer::compressed).sum() / 1e6,
        unused.size(),
        sum(unused.stream()) / 1e6);
  }

  private void largest(List<String> lines, Stream<Entry> entries) {
    entries
        .sorted(comparingLong(Entry::size).reversed().thenComparing(Entry::path))
        .limit(ROWS)
        .map(
            entry ->
                size(entry.size())
                    + (isOpened(entry) ? "           " : "  unopened ")
                    + entry.path())
        .forEach(lines::add);
  }

  private void folders(List<String> lines) {
    Map<String, Long> folders =
        image.base().stream()
            .flatMap(this::neverOpened)
            .collect(groupingBy(Waste::folder, summingLong(Entry::size)));
    folders.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(ROWS)
        .map(folder -> size(folder.getValue()) + "  " + folder.getKey())
        .forEach(lines::add);
  }

  private void duplicates(List<String> lines) {
    image.layers().stream()
        .flatMap(layer -> layer.files().stream())
        .filter(entry -> entry.size() > 0)
        .collect(
            groupingBy(
                entry -> size(entry.size()) + " " + entry.sha256(), mapping(Entry::path, toList())))
        .entrySet()
        .stream()
        .filter(copies -> copies.getValue().size() > 1)
        .sorted(Map.Entry.<String, List<String>>comparingByKey().reversed())
        .limit(ROWS)
        .map(copies -> copies.getKey().substring(0, 8) + "  " + String.join(" ", copies.getValue()))
        .forEach(lines::add);
  }

  private Stream<Entry> neverOpened(Layer layer) {
    return layer.files().stream().filter(entry -> !isOpened(entry));
  }

  private boolean isOpened(Entry entry) {
    return opened.contains(entry.path());
  }

  /** The first three steps of a path, less its file. */
  private static String folder(Entry entry) {
    String[] steps = entry.path().substring(1).split("/", -1);
    return "/" + String.join("/", List.of(steps).subList(0, Math.min(3, steps.length - 1)));
  }

  /** What most of a layer's bytes are. */
  private String name(Layer layer) {
    if (image.base().contains(layer)) {
      return "base";
    }
    Entry largest = layer.files().stream().max(comparingLong(Entry::size)).orElseThrow();
    String[] steps = largest.path().split("/", 4);
    return steps[1].equals("skiff") ? "/skiff/" + steps[2] : "/" + steps[1];
  }

  private static long sum(Stream<Entry> entries) {
    return entries.mapToLong(Entry::size).sum();
  }

  private static String size(long bytes) {
    return String.format(Locale.ROOT, "%8.2f", bytes / 1e6);
  }
}
