package dev.skiff.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A virtual environment of Python with given packages, made below {@code target} at its first use
 * and kept as long as the requirements stay the same.
 */
final class PythonEnvironment {
  private final Path python;

  private PythonEnvironment(Path python) {
    this.python = python;
  }

  /** What a command printed, on both streams, and how it ended. */
  record Result(int exitCode, String output) {}

  static PythonEnvironment of(Path requirements) throws IOException, InterruptedException {
    Path folder = Path.of("target", "python-" + hash(Files.readAllBytes(requirements)));
    Path python = folder.resolve("bin/python").toAbsolutePath();
    Path complete = folder.resolve("complete");
    if (!Files.exists(complete)) {
      make(folder.toString());
      check(
          execute(
              python.toString(),
              "-m",
              "pip",
              "install",
              "--quiet",
              "--disable-pip-version-check",
              "--requirement",
              requirements.toString()),
          "the packages of " + requirements + " could not be installed");
      Files.createFile(complete);
    }
    return new PythonEnvironment(python);
  }

  /** Runs a script. */
  Result run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(python.toString()));
    command.addAll(List.of(arguments));
    return execute(command.toArray(String[]::new));
  }

  private static void make(String folder) throws IOException, InterruptedException {
    Tools.require(
        Tools.find(List.of("python3")).isPresent()
            && execute("python3", "-m", "venv", "--clear", folder).exitCode() == 0,
        "the test against Triton's client needs Python 3.11 or later with its venv module"
            + " (Debian: python3-venv)");
  }

  private static void check(Result result, String otherwise) {
    if (result.exitCode() != 0) {
      throw new AssertionError(otherwise + "\n" + result.output());
    }
  }

  private static Result execute(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }

  private static String hash(byte[] bytes) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
