package dev.skiff.server;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The plan of the house: which package may know which, and who owns which library. */
final class Architecture {
  static final String ROOT = "dev.skiff.server";

  /** What each package may import of ours. The root package may import all, and nobody the root. */
  static final Map<String, Set<String>> DIRECTIONS =
      Map.of(
          "http", Set.of("model", "batching", "inference", "config", "metrics", "logging"),
          "model", Set.of("batching", "runtime", "inference", "config"),
          "runtime", Set.of("batching", "inference"),
          "batching", Set.of("inference"),
          "logging", Set.of("config"),
          "config", Set.of(),
          "inference", Set.of(),
          "metrics", Set.of());

  /** The packages that may import a library, by the prefix of its names. */
  static final Map<String, Set<String>> OWNERS =
      Map.of(
          "ai.onnxruntime.", Set.of("runtime"),
          "io.javalin.", Set.of("http"),
          "org.eclipse.jetty.", Set.of("http"),
          "jakarta.servlet.", Set.of("http"),
          "com.fasterxml.jackson.", Set.of("http", "config", "logging"),
          "io.micrometer.", Set.of("metrics"),
          "io.prometheus.", Set.of("metrics"),
          "picocli.", Set.of("config"));

  private static final Pattern VAGUE_CLASS =
      Pattern.compile(".*(Util|Utils|Helper|Helpers|Manager|Impl)(\\$.*)?");
  private static final Pattern VAGUE_PACKAGE =
      Pattern.compile(".*\\.(util|utils|common|impl|helper|manager)(\\..*)?");

  private Architecture() {}

  /** What these classes do that the plan does not allow, one line each. */
  static Set<String> violations(Collection<CompiledClass> classes) {
    Set<String> violations = new TreeSet<>();
    for (CompiledClass type : classes) {
      if (VAGUE_CLASS.matcher(type.name()).matches()
          || VAGUE_PACKAGE.matcher(type.packageName()).matches()) {
        violations.add(type.name() + " has a name that says nothing");
      }
      String own = room(type.packageName());
      if (!own.isEmpty() && !DIRECTIONS.containsKey(own)) {
        violations.add(type.name() + " is in a package that the plan does not know");
        continue;
      }
      for (String used : type.references()) {
        if (!mayImport(own, used) && !mayUse(own, used)) {
          violations.add(type.name() + " must not know " + used);
        }
      }
    }
    return violations;
  }

  private static boolean mayImport(String own, String used) {
    if (!used.startsWith(ROOT + ".")) {
      return OWNERS.keySet().stream().noneMatch(used::startsWith);
    }
    String other = room(CompiledClass.packageOf(used));
    return own.isEmpty()
        || own.equals(other)
        || DIRECTIONS.getOrDefault(own, Set.of()).contains(other);
  }

  private static boolean mayUse(String own, String used) {
    return OWNERS.entrySet().stream()
        .anyMatch(owner -> used.startsWith(owner.getKey()) && owner.getValue().contains(own));
  }

  /** Which of our packages that is: "http" for dev.skiff.server.http, "" for the root. */
  private static String room(String packageName) {
    return packageName.equals(ROOT) ? "" : packageName.substring(ROOT.length() + 1);
  }

  /** The packages from which a walk along the directions comes back to where it began. */
  static List<String> cycles(Map<String, Set<String>> directions) {
    return directions.keySet().stream()
        .filter(start -> reachable(directions, start).contains(start))
        .sorted()
        .toList();
  }

  private static Set<String> reachable(Map<String, Set<String>> directions, String start) {
    Set<String> reached = new TreeSet<>(directions.getOrDefault(start, Set.of()));
    int before = 0;
    while (reached.size() > before) {
      before = reached.size();
      for (String next : List.copyOf(reached)) {
        reached.addAll(directions.getOrDefault(next, Set.of()));
      }
    }
    return reached;
  }
}
