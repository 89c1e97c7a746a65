import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs Jazzer on the fuzz targets of the module in the current folder, one after the other: {@code
 * Fuzz CLASSPATH SECONDS TARGETS}, the last a regular expression for the names of their classes.
 * New inputs are kept in target/fuzz; an input that fails a target is written there, too, and ends
 * the run with 1.
 */
final class Fuzz {
  private static final Path CLASSES = Path.of("target/test-classes");
  private static final Path CORPUS = Path.of("src/test/fuzz");
  private static final Path FOUND = Path.of("target/fuzz");

  private Fuzz() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> failed = new ArrayList<>();
    for (String target : targets(Pattern.compile(args[2]))) {
      System.out.println("== " + target);
      if (run(target, args[0], args[1]) != 0) {
        failed.add(target);
      }
    }
    if (!failed.isEmpty()) {
      System.out.println("failed: " + failed + "; the inputs are in " + FOUND.toAbsolutePath());
      System.exit(1);
    }
  }

  private static List<String> targets(Pattern wanted) throws IOException {
    if (!Files.isDirectory(CLASSES)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(CLASSES)) {
      return files
          .map(file -> CLASSES.relativize(file).toString())
          .filter(name -> name.endsWith("Fuzz.class"))
          .map(name -> name.substring(0, name.length() - ".class".length()))
          .map(name -> name.replace(File.separatorChar, '.'))
          .filter(name -> wanted.matcher(name).find())
          .sorted()
          .toList();
    }
  }

  private static int run(String target, String classpath, String seconds)
      throws IOException, InterruptedException {
    String name = target.substring(target.lastIndexOf('.') + 1);
    Path found = Files.createDirectories(FOUND.resolve(name));
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:MaxDirectMemorySize=64m",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classpath,
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + target,
            "--instrumentation_includes=dev.skiff.**",
            "--custom_hook_includes=dev.skiff.**",
            // What it does for each regular expression would count as ours.
            "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.RegexInjection:"
                + "com.code_intelligence.jazzer.sanitizers.RegexRoadblocks",
            "--reproducer_path=" + FOUND,
            "-artifact_prefix=" + FOUND + "/" + name + "-",
            "-max_total_time=" + seconds,
            "-timeout=5",
            "-rss_limit_mb=2048",
            "-max_len=4096",
            "-print_final_stats=1",
            found.toString(),
            CORPUS.resolve(name).toString());
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
