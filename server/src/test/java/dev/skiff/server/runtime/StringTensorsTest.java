package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Strings through a model that answers its input: the binding alone breaks many of these. */
final class StringTensorsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "plain",
        "\0",
        "a\0b\0",
        "\u00e9\u00df\u0142\u0111",
        "\u4eca\u5929\u5929\u6c14\u5f88\u597d",
        "\u0645\u0631\u062d\u0628\u0627",
        "\ud83d\ude00",
        "before \ud83d\udc69\u200d\ud83d\udcbb after",
        "\ud840\udc00\udbff\udfff",
        "\ufeff\uffff"
      })
  void aTextComesBack(String text) throws ModelLoadException {
    List<String> texts = List.of(text, "between", text);
    try (OnnxSession session = Fixtures.open("identity-bytes");
        InferenceResponse response =
            Fixtures.run(session, Tensor.ofStrings(Shape.of(1, 3), texts))) {
      Tensor y = Fixtures.tensor(response, "y");
      assertThat(y.datatype()).isEqualTo(Datatype.BYTES);
      assertThat(y.shape()).isEqualTo(Shape.of(1, 3));
      assertThat(y.strings()).isEqualTo(texts);
    }
  }

  @Test
  void everyCharacterComesBack() throws ModelLoadException {
    List<String> texts = new ArrayList<>();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        texts.add(Character.toString(c));
      }
    }
    assertComesBack(Tensor.ofStrings(Shape.of(texts.size() / 3, 3), texts));
  }

  @Test
  void aMegabyteComesBack() throws ModelLoadException {
    String text = "0123456789abcd\u00e9".repeat(1 << 16);
    assertComesBack(Tensor.ofStrings(Shape.of(2, 3), List.of(text, "", text, "", "", text)));
  }

  /** The protocol calls them BYTES: what is no UTF-8 comes back too. */
  @Test
  void everyByteComesBack() throws ModelLoadException {
    ByteBuffer data = ByteBuffer.allocate(3 * (Integer.BYTES + 256)).order(ByteOrder.nativeOrder());
    for (int element = 0; element < 3; element++) {
      data.putInt(256);
      for (int b = 0; b < 256; b++) {
        data.put((byte) b);
      }
    }
    assertComesBack(Tensor.ofBytes(Shape.of(1, 3), data.flip()));
  }

  @Test
  void noRowsComeBackAsNoRows() throws ModelLoadException {
    assertComesBack(Tensor.ofBytes(Shape.of(0, 3), ByteBuffer.allocate(0)));
  }

  private static void assertComesBack(Tensor sent) throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("identity-bytes");
        InferenceResponse response = Fixtures.run(session, sent)) {
      Tensor y = Fixtures.tensor(response, "y");
      assertThat(y.shape()).isEqualTo(sent.shape());
      assertThat(y.data().equals(sent.data())).as("the same bytes").isTrue();
    }
  }
}
