package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A wall clock that is set while requests with deadlines are under way. */
@Timeout(240)
final class ClockStepIT {
  private static final Path SOURCE = Path.of("src/test/native/clock.c");
  private static final Duration NEAR = Duration.ofSeconds(100);

  @Test
  void noRequestIsLostOrTimedOut(@TempDir Path folder) throws Exception {
    Optional<Path> compiler = Tools.find(List.of("gcc", "cc", "clang"));
    Tools.require(compiler.isPresent(), "the test of clock steps needs a C compiler");
    Path library = folder.resolve("clock.so");
    assertThat(
            new ProcessBuilder(
                    compiler.orElseThrow().toString(),
                    "-shared",
                    "-fPIC",
                    "-o",
                    library.toString(),
                    SOURCE.toString())
                .inheritIO()
                .start()
                .waitFor())
        .isZero();
    Path clock = folder.resolve("clock");
    set(clock, Duration.ZERO);
    Map<String, String> environment =
        Map.of("LD_PRELOAD", library.toString(), "SHIFTED_CLOCK", clock.toString());
    Path models =
        Repository.of(Files.createDirectory(folder.resolve("models")), "identity-fp32", "slow");
    try (SkiffProcess server = SkiffProcess.serve(environment, List.of(), models);
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(50);
      // Those under way have half a minute for their answers (--request-timeout).
      for (Duration shift : List.of(Duration.ofHours(1), Duration.ofHours(-1), Duration.ZERO)) {
        set(clock, shift);
        clients.awaitAnswers(50);
        while (!isNear(Instant.now().plus(shift), server.get("/health"))) {
          Thread.onSpinWait();
        }
      }
      clients.sendAway();
      clients.awaitLast();
      assertThat(clients.wrong()).isEmpty();
      assertThat(clients.unanswered()).isEmpty();
      assertThat(clients.refused()).isZero();
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().err()).isEmpty();
    }
  }

  private static void set(Path clock, Duration shift) throws IOException {
    byte[] seconds =
        ByteBuffer.allocate(Long.BYTES)
            .order(ByteOrder.nativeOrder())
            .putLong(shift.toSeconds())
            .array();
    // In place, as the file is mapped.
    Files.write(clock, seconds, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /** Whether that is what the server takes for the time, as its {@code Date} says. */
  private static boolean isNear(Instant expected, HttpResponse<String> reply) {
    String date = reply.headers().firstValue("Date").orElseThrow();
    Instant said = ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
    return Duration.between(expected, said).abs().compareTo(NEAR) < 0;
  }
}
