package dev.skiff.server.model;

import java.nio.file.Path;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A model as it lies on disk.
 *
 * @param name its folder's name
 * @param folder where {@code model.json} and {@code labels.txt} may lie
 * @param versions the ONNX file of each version, at least one
 */
public record ScannedModel(String name, Path folder, NavigableMap<Long, Path> versions) {
  public ScannedModel {
    versions = Collections.unmodifiableNavigableMap(new TreeMap<>(versions));
  }
}
