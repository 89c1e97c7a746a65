package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorTest {

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BYTES")
  void allocatesZerosInDirectMemoryInNativeOrder(Datatype datatype) {
    try (Tensor tensor = Tensor.allocate(datatype, Shape.of(2, 3))) {
      ByteBuffer data = tensor.data();
      assertThat(tensor.datatype()).isEqualTo(datatype);
      assertThat(tensor.shape()).isEqualTo(Shape.of(2, 3));
      assertThat(data.isDirect()).isTrue();
      assertThat(data.order()).isEqualTo(ByteOrder.nativeOrder());
      assertThat(data.remaining()).isEqualTo(6 * datatype.byteSize());
      assertThat(MemorySegment.ofBuffer(data).address() % 64).isZero();
      byte[] bytes = new byte[data.remaining()];
      data.get(0, bytes);
      assertThat(bytes).containsOnly(0);
    }
  }

  @Test
  void aScalarHasOneElement() {
    try (Tensor tensor = Tensor.allocate(Datatype.INT64, Shape.of())) {
      assertThat(tensor.data().remaining()).isEqualTo(8);
    }
  }

  @Test
  void anEmptyTensorHasAnAddressAndNoData() {
    try (Tensor tensor = Tensor.allocate(Datatype.FP32, Shape.of(0, 4))) {
      assertThat(tensor.data().remaining()).isZero();
      assertThat(tensor.data().capacity()).isPositive();
    }
  }

  @Test
  void bytesElementsHaveNoFixedSize() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tensor.allocate(Datatype.BYTES, Shape.of(1)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 28, 1L << 60, 1L << 61, Long.MAX_VALUE})
  void refusesWhatNoBufferCanHold(long elements) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> Tensor.allocate(Datatype.FP64, Shape.of(elements)))
        .returns(ErrorCode.RESOURCE_EXHAUSTED, InferenceException::code);
  }

  @Test
  void refusesAShapeWhoseElementsCannotBeCounted() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> Tensor.allocate(Datatype.BOOL, Shape.of(1L << 40, 1L << 40)))
        .withMessage(
            "a tensor of [1099511627776,1099511627776] BOOL is over the limit of 2147483647 bytes")
        .returns(ErrorCode.RESOURCE_EXHAUSTED, InferenceException::code);
  }

  @Test
  void textsComeBackAsTheyWere() {
    List<String> texts = List.of("", "plain", "zwölf", "🚣‍♀️ 👩🏽‍🚀", "a\0b", "\0", "tail");
    try (Tensor tensor = Tensor.ofStrings(Shape.of(7), texts)) {
      assertThat(tensor.datatype()).isEqualTo(Datatype.BYTES);
      assertThat(tensor.strings()).isEqualTo(texts);
    }
  }

  @Test
  void eachTextIsALengthAndItsBytes() {
    try (Tensor tensor = Tensor.ofStrings(Shape.of(2), List.of("é", "ab"))) {
      ByteBuffer data = tensor.data();
      assertThat(data.remaining()).isEqualTo(4 + 2 + 4 + 2);
      assertThat(data.getInt(0)).isEqualTo(2);
      assertThat(data.getInt(6)).isEqualTo(2);
      assertThat(StandardCharsets.UTF_8.decode(data.slice(10, 2)).toString()).isEqualTo("ab");
    }
  }

  @Test
  void noTextsAreNoData() {
    try (Tensor tensor = Tensor.ofStrings(Shape.of(0), List.of())) {
      assertThat(tensor.data().remaining()).isZero();
      assertThat(tensor.strings()).isEmpty();
    }
  }

  @Test
  void aHandleIsMadeOnceAndReleasedWithTheTensor() {
    List<CountingHandle> made = new ArrayList<>();
    Tensor tensor = Tensor.allocate(Datatype.FP32, Shape.of(1));
    CountingHandle first = tensor.handle(CountingHandle.class, t -> make(made));
    CountingHandle second = tensor.handle(CountingHandle.class, t -> make(made));
    assertThat(second).isSameAs(first);
    assertThat(made).hasSize(1);
    assertThat(first.releases()).isZero();

    tensor.close();
    assertThat(first.releases()).isOne();
  }

  @Test
  void closingFreesTheMemory() {
    Tensor tensor = Tensor.allocate(Datatype.FP32, Shape.of(1));
    tensor.close();
    assertThatIllegalStateException().isThrownBy(() -> tensor.data().get(0));
  }

  @Test
  void closingARequestClosesItsTensors() {
    Tensor tensor = Tensor.allocate(Datatype.FP32, Shape.of(1));
    new InferenceRequest(Map.of("x", tensor), List.of("y"), new Deadline(0)).close();
    assertThatIllegalStateException().isThrownBy(() -> tensor.data().get(0));
  }

  @Test
  void closingAResponseClosesItsTensorsHoweverDeep() {
    Tensor inner = Tensor.allocate(Datatype.FP32, Shape.of(1));
    Value dictionary = new Value.Dictionary(Map.of("cat", 0.5f));
    Value sequence = new Value.Sequence(List.of(dictionary, new Value.Sequence(List.of(inner))));
    new InferenceResponse(new LinkedHashMap<>(Map.of("y", sequence)), 0, 0).close();
    assertThatIllegalStateException().isThrownBy(() -> inner.data().get(0));
  }

  @Test
  void viewsShareTheMemoryAndTheLastOneClosesIt() {
    Tensor whole = Tensor.allocate(Datatype.INT32, Shape.of(6, 2));
    for (int i = 0; i < 12; i++) {
      whole.data().putInt(i * Integer.BYTES, i);
    }
    List<Tensor> views = whole.split(List.of(1L, 3L, 2L));
    assertThat(views)
        .extracting(Tensor::shape)
        .containsExactly(Shape.of(1, 2), Shape.of(3, 2), Shape.of(2, 2));
    assertThat(views.get(1).data().getInt(0)).isEqualTo(2);
    assertThat(views.get(1).data().limit()).isEqualTo(3 * 2 * Integer.BYTES);
    whole.data().putInt(8 * Integer.BYTES, 99);
    assertThat(views.get(2).data().getInt(0)).as("not a copy").isEqualTo(99);
    views.get(2).close();
    views.get(0).close();
    assertThat(whole.data().getInt(0)).isZero();
    views.get(1).close();
    assertThatIllegalStateException().isThrownBy(() -> whole.data().get(0));
  }

  @Test
  void textsAreCutBetweenElements() {
    Tensor whole = Tensor.ofStrings(Shape.of(3, 2), List.of("a", "", "🚣", "bc", "d", "e"));
    List<Tensor> views = whole.split(List.of(2L, 1L));
    assertThat(views.get(0).strings()).containsExactly("a", "", "🚣", "bc");
    assertThat(views.get(1).strings()).containsExactly("d", "e");
  }

  @Test
  void whatDoesNotSumUpIsNotCut() {
    try (Tensor tensor = Tensor.allocate(Datatype.FP32, Shape.of(3));
        Tensor scalar = Tensor.allocate(Datatype.FP32, Shape.of())) {
      assertThatIllegalArgumentException().isThrownBy(() -> tensor.split(List.of(1L, 1L)));
      assertThatIllegalArgumentException().isThrownBy(() -> scalar.split(List.of(1L)));
    }
  }

  private static CountingHandle make(List<CountingHandle> made) {
    CountingHandle handle = new CountingHandle();
    made.add(handle);
    return handle;
  }
}
