package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The Java runtime of the image: its modules, its AOT cache, its memory. */
@Tag("image")
class JavaRuntimeIT {
  private static final Duration POLL = Duration.ofMillis(500);
  private static final int STEADY = 26;
  private static final int REQUESTS = 200;

  /** The C library's arenas differ by some megabytes from start to start: the median counts. */
  private static final int STARTS = 3;

  /** A line of class+load: a class of the AOT cache comes from the "shared objects file". */
  private static final Pattern LOADED = Pattern.compile("(?m)\\[class,load] \\S+ source: (.*)$");

  @Test
  void hasTheModulesThatTheServerUsesAndNoOther() {
    assertThat(java("--list-modules").lines().map(module -> module.replaceFirst("@.*", "")))
        .containsExactly(
            "java.base", "java.logging", "java.management", "jdk.management", "jdk.unsupported");
  }

  /** AOTMode=on ends the JVM if the cache does not fit; "auto" would go on without a word. */
  @Test
  void startsFromItsAotCache() throws Exception {
    try (var skiff = new Skiff().withEnv("JAVA_TOOL_OPTIONS", "-XX:AOTMode=on -Xlog:class+load")) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      List<String> sources =
          LOADED.matcher(skiff.getLogs()).results().map(line -> line.group(1)).toList();
      long cached =
          sources.stream().filter(source -> source.startsWith("shared objects file")).count();
      System.out.println(cached + " of " + sources.size() + " classes from the AOT cache");
      assertThat(sources).hasSizeGreaterThan(1000);
      Budgets.AOT_SHARE.check((double) cached / sources.size());
    }
  }

  /** Of 128 GB the heap would have 48, where references are of 8 bytes and not as in the cache. */
  @Test
  void startsFromItOnALargeMachineToo() {
    assertThat(
            java(
                "-XX:AOTCache=/skiff/app.aot",
                "-XX:AOTMode=on",
                "-XX:MaxRAM=128g",
                "@/skiff/jvm.options",
                "-jar",
                "/skiff/skiff.jar",
                "--version"))
        .startsWith("skiff ");
  }

  /** What the image's Java says with these arguments. */
  private static String java(String... arguments) {
    List<String> command =
        List.of("run", "--rm", "--entrypoint", "/skiff/jre/bin/java", ImageUnderTest.name());
    return Docker.run(Stream.concat(command.stream(), Stream.of(arguments)).toArray(String[]::new));
  }

  @Test
  void staysSmallInMemory() throws Exception {
    double[] starts = new double[STARTS];
    for (int start = 0; start < STARTS; start++) {
      starts[start] = warm();
    }
    Arrays.sort(starts);
    Budgets.RESIDENT.check(starts[STARTS / 2]);
  }

  /** Megabytes of a server that has answered and warmed itself. */
  private static double warm() throws Exception {
    try (var skiff = new Skiff()) {
      skiff.start();
      for (String model : List.of("iris", "digits", "language")) {
        for (int request = 0; request < REQUESTS; request++) {
          skiff.sample(model);
        }
      }
      return settled(skiff);
    }
  }

  /**
   * Megabytes once they have stopped falling: the compilers give back what the warm-up needed some
   * seconds after it, and the rehearsal keeps them busy for ten.
   */
  private static double settled(Skiff skiff) throws Exception {
    double lowest = resident(skiff);
    for (int steady = 0; steady < STEADY; steady++) {
      Thread.sleep(POLL);
      double now = resident(skiff);
      if (now < lowest * 0.99) {
        steady = 0;
      }
      lowest = Math.min(lowest, now);
    }
    return lowest;
  }

  /** The host's own account of the server's process; the health check's may run beside it. */
  private static double resident(Skiff skiff) {
    String server = skiff.inspect("{{.State.Pid}}");
    List<String> sizes =
        Docker.run("top", skiff.getContainerId(), "-eo", "pid,rss")
            .lines()
            .map(line -> line.strip().replaceAll("\\s+", " "))
            .filter(line -> line.startsWith(server + " "))
            .toList();
    assertThat(sizes).as("process %s", server).hasSize(1);
    return Double.parseDouble(sizes.getFirst().replaceFirst(".* ", "")) * 1024 / 1e6;
  }
}
