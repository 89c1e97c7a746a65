package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.model.Placement;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PlacementWriterTest {
  @Test
  void onTheCpu() {
    assertThat(written(onTheCpu(Optional.empty()))).isEqualTo("{\"execution_provider\":\"cpu\"}");
  }

  @Test
  void onTheCpuAgainstExpectation() {
    assertThat(written(onTheCpu(Optional.of("no GPU here"))))
        .isEqualTo(
            "{\"execution_provider\":\"cpu\",\"execution_provider_reason\":\"no GPU here\"}");
  }

  private static Placement onTheCpu(Optional<String> regret) {
    return new Placement("cpu", OptionalInt.empty(), Collections.emptySortedMap(), regret);
  }

  @Test
  void onAGpu() {
    assertThat(
            written(
                new Placement(
                    "cuda",
                    OptionalInt.of(1),
                    new TreeMap<>(Map.of("cuda", 7, "cpu", 2)),
                    Optional.empty())))
        .isEqualTo(
            "{\"execution_provider\":\"cuda\",\"gpu_device\":1,\"nodes\":{\"cpu\":2,\"cuda\":7}}");
  }

  private static String written(Placement placement) {
    Exchange.Body body =
        Json.write(
            json -> {
              json.writeStartObject();
              PlacementWriter.write(json, placement);
              json.writeEndObject();
            });
    return Fixtures.tree(body).toString();
  }
}
