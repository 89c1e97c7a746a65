package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The CPU alone is here, so it has every node. */
class NodePlacementTest {
  private static final ExecutionProvider CPU = new ExecutionProvider.Cpu(1);

  @BeforeAll
  static void load() {
    assertThat(Fixtures.RUNTIME).isNotNull();
  }

  @Test
  void everyNodeAndItsOperator() throws OrtException, ModelLoadException {
    NodePlacement placement = placement(Fixtures.file("add"));
    assertThat(placement.nodes()).isEqualTo(Map.of("cpu", 2));
    assertThat(placement.cpuOperators()).containsExactly("Add", "Sub");
    assertThat(placement.onCpu()).isEqualTo(2);
    assertThat(placement.total()).isEqualTo(2);
  }

  @Test
  void aNetwork() throws OrtException, ModelLoadException {
    NodePlacement placement = placement(Path.of("../models/digits/model.onnx").toAbsolutePath());
    assertThat(placement.onCpu()).isGreaterThan(5).isEqualTo(placement.total());
    assertThat(placement.cpuOperators()).contains("Conv");
  }

  @Test
  void aSessionThatKeptNothingHasNothingToTell() throws OrtException {
    try (SessionOptions options = SessionSettings.of(CPU);
        OrtSession session =
            OrtEnvironment.getEnvironment()
                .createSession(Fixtures.file("add").toString(), options)) {
      assertThatExceptionOfType(OrtException.class).isThrownBy(() -> NodePlacement.of(session));
    }
  }

  @Test
  void theCpusSessionsAreNotAsked() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("add")) {
      assertThat(session.placement()).isEqualTo(NodePlacement.UNKNOWN);
    }
  }

  @Test
  void labels() {
    assertThat(NodePlacement.label("CUDAExecutionProvider")).isEqualTo("cuda");
    assertThat(NodePlacement.label("TensorrtExecutionProvider")).isEqualTo("tensorrt");
    assertThat(NodePlacement.label("CPUExecutionProvider")).isEqualTo("cpu");
  }

  @Test
  void totals() {
    NodePlacement placement =
        new NodePlacement(
            new TreeMap<>(Map.of("cuda", 7, "cpu", 2)), new TreeSet<>(Set.of("Shape")));
    assertThat(placement.total()).isEqualTo(9);
    assertThat(placement.onCpu()).isEqualTo(2);
  }

  private static NodePlacement placement(Path file) throws OrtException {
    try (SessionOptions options = SessionSettings.of(CPU)) {
      NodePlacement.record(options);
      try (OrtSession session =
          OrtEnvironment.getEnvironment().createSession(file.toString(), options)) {
        return NodePlacement.of(session);
      }
    }
  }
}
