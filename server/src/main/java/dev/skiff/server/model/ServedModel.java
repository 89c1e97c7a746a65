package dev.skiff.server.model;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What is served under one name.
 *
 * @param isDefault whether its {@code model.json} says that a path without a name means it
 * @param versions by their numbers, at least one
 */
record ServedModel(boolean isDefault, NavigableMap<Long, ModelVersion> versions) {
  ServedModel {
    versions = Collections.unmodifiableNavigableMap(new TreeMap<>(versions));
  }
}
