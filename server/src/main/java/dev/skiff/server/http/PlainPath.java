package dev.skiff.server.http;

import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The path of a route, as the fast lane finds it in requests: nothing is decoded, and where a
 * parameter stands, only what can be the name of a model is taken for one. Thread-safe.
 */
final class PlainPath {
  private static final String[] NONE = {};

  private final Route route;
  private final String[] parts;
  private final String[] parameters;

  PlainPath(Route route) {
    this.route = route;
    this.parts = route.path().substring(1).split("/", -1);
    this.parameters =
        Stream.of(parts)
            .filter(part -> part.startsWith("{"))
            .map(part -> part.substring(1, part.length() - 1))
            .toArray(String[]::new);
  }

  Route route() {
    return route;
  }

  /**
   * The parameters' values in a path as the client sent it.
   *
   * @return in the order of the path; null if this is another path, or not a plain one
   */
  String @Nullable [] values(String path) {
    String[] values = NONE;
    int found = 0;
    int end = 0;
    for (String part : parts) {
      int start = end + 1;
      if (start > path.length() || path.charAt(end) != '/') {
        return null;
      }
      end = path.indexOf('/', start);
      if (end < 0) {
        end = path.length();
      }
      if (!part.startsWith("{")) {
        if (end - start != part.length() || !path.startsWith(part, start)) {
          return null;
        }
      } else if (isName(path, start, end)) {
        if (found == 0) {
          values = new String[parameters.length];
        }
        values[found++] = path.substring(start, end);
      } else {
        return null;
      }
    }
    return end == path.length() ? values : null;
  }

  /** One of the values, by the name that the route gives it. */
  Optional<String> value(String name, String[] values) {
    for (int i = 0; i < values.length; i++) {
      if (parameters[i].equals(name)) {
        return Optional.of(values[i]);
      }
    }
    return Optional.empty();
  }

  /** As a repository names its models; so there are no dots that climb either. */
  private static boolean isName(String path, int start, int end) {
    if (start == end || end - start > Predictions.LONGEST_NAME || !isAlphanumeric(path, start)) {
      return false;
    }
    for (int i = start + 1; i < end; i++) {
      if (!isAlphanumeric(path, i) && "._-".indexOf(path.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isAlphanumeric(String path, int at) {
    char c = path.charAt(at);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
