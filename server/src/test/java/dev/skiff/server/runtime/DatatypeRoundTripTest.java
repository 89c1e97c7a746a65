package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every datatype through a model that answers its input. */
final class DatatypeRoundTripTest {
  private static final int COLUMNS = 3;

  private static final long[] FP32_BITS = {
    0x0000_0000L, // 0
    0x8000_0000L, // -0
    0x0000_0001L, // the smallest subnormal
    0x007f_ffffL, // the largest subnormal
    0x7f7f_ffffL, // the largest
    0xff7f_ffffL, // the lowest
    0x7f80_0000L, // infinity
    0xff80_0000L, // -infinity
    0x7fc0_0000L, // NaN
    0x7fc0_1234L, // a NaN with a payload
    0xffff_ffffL, // a negative one
    0x7f80_0001L // a signalling one
  };

  private static final long[] FP64_BITS = {
    0x0000_0000_0000_0000L,
    0x8000_0000_0000_0000L,
    0x0000_0000_0000_0001L,
    0x000f_ffff_ffff_ffffL,
    0x7fef_ffff_ffff_ffffL,
    0xffef_ffff_ffff_ffffL,
    0x7ff0_0000_0000_0000L,
    0xfff0_0000_0000_0000L,
    0x7ff8_0000_0000_0000L,
    0x7ff8_0000_dead_beefL,
    0xffff_ffff_ffff_ffffL,
    0x7ff0_0000_0000_0001L
  };

  private static final long[] INTEGERS = {
    0, 1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 53
  };

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"UINT16", "UINT32", "UINT64", "BYTES"})
  void everyBitComesBack(Datatype datatype) throws ModelLoadException {
    ByteBuffer sent = bits(datatype);
    try (OnnxSession session = Fixtures.open(fixture(datatype))) {
      assertThat(answer(session, datatype, sent)).as("copied").isEqualTo(sent);
      Fixtures.learn(session, COLUMNS);
      assertThat(answer(session, datatype, sent)).as("written in place").isEqualTo(sent);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UINT16", "UINT32", "UINT64"})
  void wideUnsignedInputsAreRefusedWithAReason(Datatype datatype) {
    assertThatThrownBy(() -> Fixtures.open(fixture(datatype)))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage(
            "input 'x' is %s, which ONNX Runtime's Java API cannot pass;"
                + " cast it from INT64 inside the model",
            datatype);
  }

  @Test
  void wideUnsignedOutputsAreRead() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("cast-unsigned");
        InferenceResponse response =
            Fixtures.run(session, Fixtures.int64(Shape.of(1, 3), -1, 0, 65_535))) {
      Tensor uint16 = Fixtures.tensor(response, "uint16");
      Tensor uint32 = Fixtures.tensor(response, "uint32");
      Tensor uint64 = Fixtures.tensor(response, "uint64");
      assertThat(uint16.datatype()).isEqualTo(Datatype.UINT16);
      assertThat(uint32.datatype()).isEqualTo(Datatype.UINT32);
      assertThat(uint64.datatype()).isEqualTo(Datatype.UINT64);
      assertThat(uint16.data().getShort(0)).isEqualTo((short) 0xffff);
      assertThat(uint16.data().getShort(4)).isEqualTo((short) 0xffff);
      assertThat(uint32.data().getInt(0)).isEqualTo(0xffff_ffff);
      assertThat(uint32.data().getInt(8)).isEqualTo(65_535);
      assertThat(uint64.data().getLong(0)).isEqualTo(0xffff_ffff_ffff_ffffL);
      assertThat(uint64.data().getLong(16)).isEqualTo(65_535);
    }
  }

  private static ByteBuffer answer(OnnxSession session, Datatype datatype, ByteBuffer sent) {
    long rows = sent.limit() / datatype.byteSize() / COLUMNS;
    Tensor x = Tensor.allocate(datatype, Shape.of(rows, COLUMNS));
    x.data().put(0, sent, 0, sent.limit());
    try (InferenceResponse response = Fixtures.run(session, x)) {
      Tensor y = Fixtures.tensor(response, "y");
      assertThat(y.datatype()).isEqualTo(datatype);
      assertThat(y.shape()).isEqualTo(Shape.of(rows, COLUMNS));
      return ByteBuffer.allocate(y.data().limit()).put(y.data().duplicate()).flip();
    }
  }

  /** All values of a type of up to 16 bits; of a wider one the extreme ones and random ones. */
  private static ByteBuffer bits(Datatype datatype) {
    Random random = new Random(42);
    int count =
        switch (datatype.byteSize()) {
          case 1 -> 258;
          case 2 -> 65_538;
          default -> 3_000;
        };
    ByteBuffer bits =
        ByteBuffer.allocate(count * datatype.byteSize()).order(ByteOrder.nativeOrder());
    for (int i = 0; i < count; i++) {
      switch (datatype) {
        case BOOL -> bits.put((byte) (i & 1));
        case INT8, UINT8 -> bits.put((byte) i);
        case INT16, UINT16, FP16, BF16 -> bits.putShort((short) i);
        case INT32, UINT32 -> bits.putInt((int) value(INTEGERS, i, random));
        case FP32 -> bits.putInt((int) value(FP32_BITS, i, random));
        case INT64, UINT64 -> bits.putLong(value(INTEGERS, i, random));
        case FP64 -> bits.putLong(value(FP64_BITS, i, random));
        case BYTES -> throw new IllegalArgumentException("no fixed size");
      }
    }
    return bits.flip();
  }

  private static long value(long[] first, int index, Random then) {
    return index < first.length ? first[index] : then.nextLong();
  }

  private static String fixture(Datatype datatype) {
    return "identity-" + datatype.name().toLowerCase(Locale.ROOT);
  }
}
