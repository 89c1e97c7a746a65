package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Docker's command line, for what Testcontainers cannot do: to build with BuildKit, to save. */
final class Docker {
  /** The outcome of a command. */
  record Result(int exitCode, String output, String errors) {}

  private static @Nullable String client;

  private Docker() {}

  /** Says which client the tests use; exit code 1 and what to do if there is none. */
  public static void main(String[] arguments) {
    try {
      System.out.println("image tests with " + client());
    } catch (AssertionError e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  /** The output of a command, without the line break at its end. It has to exit with 0. */
  static String run(String... arguments) {
    Result result = start(arguments);
    if (result.exitCode != 0) {
      throw new AssertionError(
          "docker " + String.join(" ", arguments) + "\n" + last(result.errors, 40));
    }
    return result.output.strip();
  }

  /** Runs a command that may fail. */
  static Result start(String... arguments) {
    return execute(client(), List.of(arguments), "");
  }

  /**
   * The client that can build: the one that the environment variable DOCKER names, or the first on
   * the PATH. A new client without its buildx component can do everything but build.
   */
  private static synchronized String client() {
    if (client == null) {
      List<String> refusals = new ArrayList<>();
      for (String candidate : candidates()) {
        // The real thing, on an image of nothing: with BuildKit, and with nothing left behind.
        Result result =
            execute(
                candidate,
                List.of("build", "--quiet", "--output", "type=tar,dest=/dev/null", "-"),
                "FROM scratch\nLABEL empty=yes\n");
        if (result.exitCode == 0) {
          client = candidate;
          return candidate;
        }
        refusals.add(candidate + ": " + last(result.errors, 4).replaceAll("\\s+", " "));
      }
      throw new AssertionError(
          "The image tests need a running Docker engine and a docker client that can build with"
              + " BuildKit. Start Docker, or name the client in the environment variable DOCKER,"
              + " or leave -Pimage out. Tried:\n  "
              + (refusals.isEmpty() ? "no docker on the PATH" : String.join("\n  ", refusals)));
    }
    return client;
  }

  private static List<String> candidates() {
    String named = System.getenv("DOCKER");
    if (named != null && !named.isEmpty()) {
      return List.of(named);
    }
    String path = System.getenv("PATH");
    return List.of((path == null ? "" : path).split(File.pathSeparator, -1)).stream()
        .map(folder -> Path.of(folder, "docker"))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .distinct()
        .toList();
  }

  private static Result execute(String client, List<String> arguments, String input) {
    List<String> command = new ArrayList<>(arguments);
    command.addFirst(client);
    var builder = new ProcessBuilder(command);
    builder.environment().put("DOCKER_BUILDKIT", "1");
    try {
      Path errors = Files.createTempFile("docker", ".err");
      try {
        Process process = builder.redirectError(errors.toFile()).start();
        try (var in = process.getOutputStream()) {
          in.write(input.getBytes(UTF_8));
        } catch (IOException e) {
          // It ended without reading: its own errors say why.
        }
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Result(process.waitFor(), output, Files.readString(errors));
      } finally {
        Files.delete(errors);
      }
    } catch (IOException e) {
      return new Result(127, "", e.toString());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static String last(String text, int lines) {
    List<String> all = text.strip().lines().toList();
    return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
  }
}
