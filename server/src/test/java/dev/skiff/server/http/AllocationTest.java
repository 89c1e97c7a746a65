package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.skiff.server.Repository;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a steady stream of small predictions allocates on the request's thread, from the read body
 * to the written reply: metrics, Jackson and ONNX Runtime's binding with it, the network without.
 * {@link AllocationIT} has all of it.
 */
class AllocationTest {
  /**
   * It was 4,200 to 5,100 when this was written, as the compiler would have it; a good 2,000 of it
   * by our own code, 1,600 by Jackson.
   */
  private static final long MOST_BYTES = 6 << 10;

  private static final int ROUNDS = 10;
  private static final int ROUND = 2_000;

  /** A row for the digits model. */
  static final byte[] ROW =
      IntStream.range(0, 64)
          .mapToObj(i -> i % 17 + ".5")
          .collect(Collectors.joining(",", "[", "]"))
          .getBytes(StandardCharsets.US_ASCII);

  @Test
  void aSteadyPredictionAllocatesLittle(@TempDir Path folder) throws IOException {
    Repository.addShipped(folder);
    ModelRepository repository =
        ModelRepository.scan(
            new RepositoryConfig(folder, Optional.of("digits")), RuntimeConfigs.of(1, 1, 1));
    repository.load(OnnxRuntime::load).join();
    try (Metrics metrics = new Metrics()) {
      Predictions predictions =
          new Predictions(repository, metrics, Duration.ofSeconds(30), 1 << 20, 1);
      PredictHandler handler = new PredictHandler(predictions);
      Reception reception = new Reception(metrics, false);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long least = Long.MAX_VALUE;
      int answered = 0;
      // The first rounds are interpreted, the last ones compiled.
      for (int round = 0; round < ROUNDS; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUND; i++) {
          Prediction prediction = new Prediction();
          reception.receive(prediction, "/predict", handler);
          answered += prediction.status == 200 ? 1 : 0;
        }
        long each = (threads.getCurrentThreadAllocatedBytes() - before) / ROUND;
        least = Math.min(least, each);
      }
      assertThat(answered).isEqualTo(ROUNDS * ROUND);
      assertThat(least).isLessThan(MOST_BYTES);
    } finally {
      repository.close(10_000);
    }
  }

  /** A request of one row whose door costs nothing. */
  private static final class Prediction extends Exchange {
    private int status;

    @Override
    String method() {
      return "POST";
    }

    @Override
    @Nullable String header(String name) {
      return null;
    }

    @Override
    boolean isRepeated(String name) {
      return false;
    }

    @Override
    Optional<String> parameter(String name) {
      return Optional.empty();
    }

    @Override
    boolean mayWait() {
      return true;
    }

    @Override
    Body body() {
      return new Body(ROW);
    }

    @Override
    void replyHeader(String name, String value) {}

    @Override
    protected void send(int sent, String contentType, Body body) {
      status = sent;
      body.release();
    }
  }
}
