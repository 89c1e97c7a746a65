package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * From the exec of the server's process to its first 200, without Docker's own time: {@link
 * FirstAnswer} runs the image's entry point in a container of the image, and the classic {@code
 * serve.py} of bench/peers from its virtual environment on this machine. One of each in turn, so
 * that all meet the same noise, after a round that only warms the page cache; medians count.
 */
@Tag("image")
class ExecStartIT {
  private static final int ROUNDS = 9;

  private static final Path SERVE = Path.of("../bench/peers/fastapi-joblib/start").toAbsolutePath();

  private static final String CLASSES =
      Path.of("target/test-classes").toAbsolutePath() + ":/first-answer:ro";

  /** Milliseconds. serve.py has the estimator that iris was converted from. */
  private record Round(double digits, double iris, double serve) {
    double ratio() {
      return iris / serve;
    }
  }

  @Test
  @Timeout(600)
  void theProcessAnswersSoon() throws Exception {
    round();
    List<Round> rounds = new ArrayList<>();
    for (int index = 0; index < ROUNDS; index++) {
      rounds.add(round());
    }
    double digits = median(rounds, Round::digits);
    double ratio = median(rounds, Round::ratio);
    System.out.println(Budgets.EXEC_START.line(digits));
    System.out.println(Budgets.EXEC_RATIO.line(ratio));
    Budgets.EXEC_RATIO_GATE.check(ratio);
  }

  private static Round round() throws Exception {
    String digits = Files.readString(Path.of("../models/digits/sample.json"));
    var round =
        new Round(
            inTheImage("/predict/digits", digits),
            inTheImage("/predict", Skiff.ROW),
            onThisMachine());
    System.out.printf(
        Locale.ROOT,
        "exec to first 200  digits %4.0f ms, iris %4.0f ms, serve.py %4.0f ms%n",
        round.digits,
        round.iris,
        round.serve);
    return round;
  }

  private static double inTheImage(String path, String body) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("run", "--rm", "--volume", CLASSES, "--entrypoint"));
    command.addAll(List.of("/skiff/jre/bin/java", ImageUnderTest.name()));
    command.addAll(List.of("-cp", "/first-answer", FirstAnswer.class.getName()));
    command.addAll(List.of("8080", path, body));
    String entrypoint =
        Docker.run(
            "image", "inspect", "--format", "{{json .Config.Entrypoint}}", ImageUnderTest.name());
    command.addAll(Arrays.asList(new ObjectMapper().readValue(entrypoint, String[].class)));
    return milliseconds(Docker.run(command.toArray(String[]::new)));
  }

  private static double onThisMachine() throws Exception {
    int port = freePort();
    var builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                "target/test-classes",
                FirstAnswer.class.getName(),
                String.valueOf(port),
                "/predict",
                Skiff.ROW,
                SERVE.toString())
            .redirectErrorStream(true);
    builder.environment().put("PORT", String.valueOf(port));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(SERVE + " needs Python 3.11 or later with its venv: " + output);
    }
    return milliseconds(output);
  }

  private static double milliseconds(String output) {
    return Double.parseDouble(output.strip().lines().toList().getLast());
  }

  private static double median(List<Round> rounds, ToDoubleFunction<Round> measure) {
    return rounds.stream().mapToDouble(measure).sorted().toArray()[ROUNDS / 2];
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
