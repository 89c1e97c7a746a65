package dev.skiff.image.prune;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompressionTest {
  private static final int HEADER = 64;
  private static final int PAYLOAD = 32;

  /** One byte more than the payload can stand for. */
  @ParameterizedTest
  @CsvSource({"0x2000, 255", "0x8000, 32768"})
  void takesNoMemoryForWhatCannotBe(long flag, long ratio) {
    MemorySegment entry = MemorySegment.ofArray(new byte[HEADER + PAYLOAD]);
    LittleEndian.u32(entry, 4, HEADER);
    LittleEndian.u32(entry, 16, PAYLOAD);
    LittleEndian.u64(entry, 40, flag);
    LittleEndian.u64(entry, 56, ratio * PAYLOAD + 1);
    assertThatExceptionOfType(Refusal.class)
        .isThrownBy(() -> Compression.decompress(entry, new Untouched()));
  }

  private record Untouched() implements Arena {
    @Override
    public MemorySegment allocate(long bytes, long alignment) {
      throw new AssertionError("took " + bytes + " bytes");
    }

    @Override
    public MemorySegment.Scope scope() {
      return Arena.global().scope();
    }

    @Override
    public void close() {}
  }
}
