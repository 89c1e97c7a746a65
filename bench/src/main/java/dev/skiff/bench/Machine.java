package dev.skiff.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The machine that the load tester ran on. What cannot be found out is {@code unknown} or 0.
 *
 * @param cores processors that this process may use
 * @param coreList which these are, as the kernel lists them
 * @param memoryBytes of the machine
 */
record Machine(
    String cpu, int cores, String coreList, long memoryBytes, String kernel, String java) {

  private static final String UNKNOWN = "unknown";

  /** This machine, from the system properties and Linux's {@code /proc}. */
  static Machine here() {
    String memory = field(Path.of("/proc/meminfo"), "MemTotal").replace("kB", "").strip();
    return new Machine(
        field(Path.of("/proc/cpuinfo"), "model name"),
        Runtime.getRuntime().availableProcessors(),
        field(Path.of("/proc/self/status"), "Cpus_allowed_list"),
        memory.equals(UNKNOWN) ? 0 : Long.parseLong(memory) * 1024,
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + Runtime.version());
  }

  /**
   * What {@code COMMIT} in this environment says; without it the commit of the working directory,
   * with {@code -dirty} where files were changed.
   */
  static String commit(Map<String, String> environment) {
    String given = environment.getOrDefault("COMMIT", "");
    return given.isEmpty() ? describe() : given;
  }

  private static String describe() {
    try {
      Process git =
          new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer =
          new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor() == 0 && !answer.isEmpty() ? answer : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN; // no git here
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    }
  }

  private static String field(Path file, String name) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(UNKNOWN);
    } catch (IOException e) {
      return UNKNOWN;
    }
  }
}
