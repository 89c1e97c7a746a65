package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.model.LoadedModel;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What is valid is taken, and read as the reference reader reads it. */
class ValidRequestsTest {
  private static final int REQUESTS = 3_000;

  @Test
  void predictTakesThem() {
    check("", ValidRequests::predict, PredictFuzz::takes);
  }

  @Test
  void inferTakesThem() {
    check("-", ValidRequests::infer, InferFuzz::takes);
  }

  private static void check(
      String mark, Function<ValidRequests, String> make, Predicate<byte[]> takes) {
    Random random = new Random(1);
    for (int i = 0; i < REQUESTS; i++) {
      String digit = Integer.toString(i % 10);
      LoadedModel model = FuzzedModels.of(digit.getBytes(StandardCharsets.US_ASCII));
      if (model.inputs().getFirst().datatype() != Datatype.FP16) {
        String body = make.apply(new ValidRequests(random, model));
        byte[] input = (digit + mark + body).getBytes(StandardCharsets.UTF_8);
        assertThat(takes.test(input)).as(() -> digit + mark + body).isTrue();
      }
    }
  }
}
