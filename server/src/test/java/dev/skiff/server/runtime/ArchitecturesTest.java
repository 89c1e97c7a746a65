package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On small files in the form of the real provider's. */
class ArchitecturesTest {
  /** With a number of an architecture: sm_90a and the like. */
  private static final int SPECIFIC = 1 << 16;

  private final Path file;

  ArchitecturesTest(@TempDir Path folder) {
    file = folder.resolve("lib.so");
  }

  @Test
  void everyEntryOfEveryContainer() throws IOException {
    ByteBuffer code = buffer(512);
    container(code, SPECIFIC | 90, 80);
    container(code, 80, SPECIFIC | 120);
    container(code);
    write(elf(".nv_fatbin", code.flip()));
    assertThat(Architectures.in(file)).hasToString("sm_80, sm_90a, sm_120a");
  }

  /**
   * Code for 8.0 runs on 8.6 and not on 9.0, and that for sm_90a and sm_120a on no other at all.
   */
  @ParameterizedTest
  @CsvSource({
    "75, false",
    "80, true",
    "86, true",
    "89, true",
    "90, true",
    "91, false",
    "100, false",
    "120, true",
    "121, false"
  })
  void whatADeviceRuns(int capability, boolean served) {
    Architectures code =
        new Architectures(
            new TreeSet<>(
                Set.of(
                    new Architecture(80, false),
                    new Architecture(90, true),
                    new Architecture(120, true))));
    assertThat(code.serve(capability)).isEqualTo(served);
  }

  /** Where these tests run there is no such provider. */
  @Test
  void aProviderThatIsNotThere() {
    assertThat(Architectures.ofProvider()).isEmpty();
  }

  @Test
  void aLibraryWithoutGpuCode() throws IOException {
    write(elf(".text", buffer(8)));
    assertThatIOException()
        .isThrownBy(() -> Architectures.in(file))
        .withMessage("it has no GPU code");
  }

  @Test
  void codeOfAnotherForm() throws IOException {
    write(elf(".nv_fatbin", buffer(64).putInt(0, 5)));
    assertThatIOException()
        .isThrownBy(() -> Architectures.in(file))
        .withMessage("its GPU code has a form that is not known here");
  }

  @Test
  void noElf() throws IOException {
    write(ByteBuffer.wrap("not a library at all".getBytes(StandardCharsets.UTF_8)));
    assertThatIOException()
        .isThrownBy(() -> Architectures.in(file))
        .withMessage("it is no ELF file");
  }

  @Test
  void aFileThatWasCut() throws IOException {
    write(elf(".nv_fatbin", buffer(64)).limit(70));
    assertThatIOException()
        .isThrownBy(() -> Architectures.in(file))
        .withMessage("it ends too early");
  }

  /** A container with entries of these architectures, each with 24 bytes of code; 8-aligned. */
  private static void container(ByteBuffer out, int... architectures) {
    out.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16);
    out.putLong(architectures.length * (64L + 24));
    for (int architecture : architectures) {
      int entry = out.position();
      out.putShort(entry, (short) 2).putInt(entry + 4, 64).putLong(entry + 8, 24);
      out.putInt(entry + 28, architecture & ~SPECIFIC);
      out.putLong(entry + 40, (architecture & SPECIFIC) == 0 ? 0x2041 : 0x102041);
      out.position(entry + 64 + 24);
    }
    out.position(out.position() + 8);
  }

  /** A file of a header, a section, the sections' names, and the two sections' headers. */
  private static ByteBuffer elf(String name, ByteBuffer content) {
    byte[] names = ("\0" + name + "\0.shstrtab\0").getBytes(StandardCharsets.US_ASCII);
    int contentAt = 64;
    int namesAt = contentAt + content.limit();
    int headersAt = namesAt + names.length;
    ByteBuffer elf = buffer(headersAt + 2 * 64);
    elf.putInt(0, 0x464C457F).putLong(0x28, headersAt);
    elf.putShort(0x3A, (short) 64).putShort(0x3C, (short) 2).putShort(0x3E, (short) 1);
    elf.put(contentAt, content, 0, content.limit());
    elf.put(namesAt, names);
    elf.putInt(headersAt, 1).putLong(headersAt + 0x18, contentAt);
    elf.putLong(headersAt + 0x20, content.limit());
    elf.putInt(headersAt + 64, name.length() + 2).putLong(headersAt + 64 + 0x18, namesAt);
    return elf;
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void write(ByteBuffer content) throws IOException {
    byte[] bytes = new byte[content.limit()];
    content.get(0, bytes);
    Files.write(file, bytes);
  }
}
