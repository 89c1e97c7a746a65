package dev.skiff.image.prune;

import static dev.skiff.image.prune.DeviceCode.cubin;
import static dev.skiff.image.prune.DeviceCode.lz4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class VerificationTest {
  private static final Architectures FOR_90 = Architectures.parse("90");

  @TempDir private Path folder;

  static Stream<Arguments> faults() {
    return Stream.of(
        fault("the code in fat binary 0", (elf, bytes) -> flip(bytes, elf, ".nv_fatbin", 180)),
        fault("the wrapper of fat binary 1", VerificationTest::swapTwoPointers),
        fault("section .rodata", (elf, bytes) -> flip(bytes, elf, ".rodata", 10)),
        fault("section .eh_frame_hdr", (elf, bytes) -> flip(bytes, elf, ".eh_frame_hdr", 2999)),
        fault("section .comment", (elf, bytes) -> flip(bytes, elf, ".comment", 0)),
        // The addend of the relocation of a variable, behind those of the three pointers.
        fault("section .rela.dyn", (elf, bytes) -> flip(bytes, elf, ".rela.dyn", 3 * 24 + 16)),
        fault("its needed libraries", (elf, bytes) -> flip(bytes, elf, ".dynamic", 8)),
        fault(
            "section .comment",
            (elf, bytes) -> bytes.putInt((int) elf.section(".comment").header() + 4, 7)),
        fault("section .rodata", (_, bytes) -> bytes.putInt(64 + 56 + 4, 6)));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void noticesAFault(String message, Fault fault) throws IOException {
    byte[] before = ProviderFile.typical().build();
    byte[] after = prune(before);
    fault.in(
        new Elf(MemorySegment.ofArray(after)),
        ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN));

    assertThatIllegalStateException()
        .isThrownBy(() -> verify(before, after))
        .withMessageContaining(message);
  }

  @Test
  void noticesCodeThatIsTooMuch() {
    byte[] before = ProviderFile.typical().build();

    assertThatIllegalStateException()
        .isThrownBy(() -> verify(before, before))
        .withMessageContaining("the code in fat binary 0");
  }

  @Test
  void noticesCodeThatWasRecompressedWrongly() throws IOException {
    byte[] before = new ProviderFile().fatbin(lz4(90, "x".repeat(1_000))).build();
    for (int place : new int[] {30, 64 + 10}) {
      byte[] after =
          prune(
              before,
              entry -> {
                MemorySegment wrong = Arena.ofAuto().allocate(entry.byteSize()).copyFrom(entry);
                wrong.set(ValueLayout.JAVA_BYTE, place, (byte) 1);
                return Compression.recompress(wrong, Arena.ofAuto());
              });

      assertThatIllegalStateException()
          .isThrownBy(() -> verify(before, after))
          .withMessageContaining("the code in fat binary 0");
    }
    byte[] right = prune(before, entry -> Compression.recompress(entry, Arena.ofAuto()));
    assertThatCode(() -> verify(before, right)).doesNotThrowAnyException();
  }

  @Test
  void noticesNothingInAGoodFile() throws IOException {
    byte[] before = ProviderFile.typical().build();

    assertThatCode(() -> verify(before, prune(before))).doesNotThrowAnyException();
  }

  /** Whatever bit of headers and tables is wrong: the file is refused, or pruned all the same. */
  @Test
  void aWrongBitIsRefusedOrHarmless() throws IOException {
    ProviderFile file =
        new ProviderFile()
            .fatbin(cubin(80, 80), cubin(90, 80))
            .fatbin(cubin(90, 80), cubin(120, 9000));
    file.needed.add("libcurand.so.10");
    byte[] good = file.build();
    IntStream places =
        Stream.of(
                IntStream.range(0, file.offset(".dynstr") + 200),
                IntStream.range(file.offset(".nv_fatbin"), file.offset(".nv_fatbin") + 600),
                IntStream.range(file.offset(".dynamic"), file.offset(".data")),
                IntStream.range(file.offset(".nvFatBinSegment"), good.length))
            .flatMapToInt(range -> range);
    int refused = 0;
    for (int at : places.toArray()) {
      byte[] bytes = good.clone();
      bytes[at] ^= (byte) (1 << at % 8);
      try {
        verify(bytes, prune(bytes));
      } catch (Refusal e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(500);
  }

  interface Fault {
    void in(Elf elf, ByteBuffer bytes);
  }

  private static Arguments fault(String message, Fault fault) {
    return Arguments.of(message, fault);
  }

  private static void flip(ByteBuffer bytes, Elf elf, String section, int at) {
    int position = (int) elf.section(section).offset() + at;
    bytes.put(position, (byte) (bytes.get(position) ^ 1));
  }

  /** Those of the first two wrappers: in the file, and in the relocations that fill them. */
  private static void swapTwoPointers(Elf elf, ByteBuffer bytes) {
    int pointer = (int) elf.section(".nvFatBinSegment").offset() + 8;
    int addend = (int) elf.section(".rela.dyn").offset() + 16;
    for (int at : new int[] {pointer, addend}) {
      long first = bytes.getLong(at);
      bytes.putLong(at, bytes.getLong(at + 24)).putLong(at + 24, first);
    }
  }

  private static void verify(byte[] before, byte[] after) {
    new Verification(provider(before), provider(after), FOR_90).run();
  }

  private byte[] prune(byte[] before) throws IOException {
    return prune(before, UnaryOperator.identity());
  }

  private byte[] prune(byte[] before, UnaryOperator<MemorySegment> encoding) throws IOException {
    Path out = folder.resolve("out.so");
    try (var channel =
        FileChannel.open(
            out,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      new Compaction(provider(before), FOR_90, encoding).write(channel);
    }
    return Files.readAllBytes(out);
  }

  private static Provider provider(byte[] bytes) {
    MemorySegment file = Arena.ofAuto().allocate(bytes.length);
    return new Provider(file.copyFrom(MemorySegment.ofArray(bytes)));
  }
}
