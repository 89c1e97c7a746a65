package dev.skiff.image.prune;

import static dev.skiff.image.prune.ProviderFile.cubin;
import static dev.skiff.image.prune.ProviderFile.lz4;
import static dev.skiff.image.prune.ProviderFile.ptx;
import static dev.skiff.image.prune.ProviderFile.specific;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PruneTest {
  @TempDir private Path folder;
  private final StringWriter printed = new StringWriter();
  private final StringWriter errors = new StringWriter();

  @Test
  void keepsTheCodeOfOneDeviceAndNothingMoves() throws IOException {
    byte[] before = ProviderFile.typical().build();

    byte[] after = prune(before, "90");

    LoadedProvider was = new LoadedProvider(before);
    LoadedProvider is = new LoadedProvider(after);
    assertThat(is.registered())
        .isEqualTo(
            was.registered().stream()
                .map(code -> code.stream().filter(it -> it.getInt(28) == 90).toList())
                .toList());
    for (String section : List.of(".dynsym", ".dynstr", ".rodata", ".eh_frame_hdr", ".data")) {
      assertThat(is.bytes(section)).as(section).isEqualTo(was.bytes(section));
      assertThat(is.address(section)).as(section).isEqualTo(was.address(section));
    }
    assertThat(after.length % ProviderFile.PAGE).isEqualTo(before.length % ProviderFile.PAGE);
    assertThat(before.length - after.length).isBetween(22_000 - 2 * ProviderFile.PAGE, 22_500);
  }

  @ParameterizedTest
  @CsvSource({
    // Devices, and for each of the fat binaries 80+86+90+120, 80+90 and 90 what they run.
    "'80',80;80;",
    "'86',86;80;",
    "'89',86;80;",
    "'90',90;90;90",
    "'86,80',80 86;80;",
    "'80,90',80 90;80 90;90",
    "'121',120;;",
    "'all',80 86 90 120;80 90;90",
  })
  void keepsWhatTheDriverWouldChoose(String devices, String expected) throws IOException {
    List<String> kept = new ArrayList<>();
    // The wrappers stand in the other order.
    for (List<ByteBuffer> code :
        new LoadedProvider(prune(ProviderFile.typical().build(), devices))
            .registered()
            .reversed()) {
      kept.add(String.join(" ", code.stream().map(it -> "" + it.getInt(28)).toList()));
    }
    assertThat(String.join(";", kept)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"80,cubin80", "86,cubin80", "90,ptx75", "120,ptx100", "75,ptx75"})
  void keepsPtxForADeviceWithoutACubin(String device, String expected) throws IOException {
    byte[] before =
        new ProviderFile()
            .fatbin(cubin(80, 400), ptx(75, 400), ptx(100, 400), cubin(100, 80))
            .build();

    assertThat(new LoadedProvider(prune(before, device)).registered().getFirst())
        .extracting(code -> (code.getShort(0) == 1 ? "ptx" : "cubin") + code.getInt(28))
        .containsExactly(expected);
  }

  @Test
  void keepsSpecificCodeForItsVeryDevice() throws IOException {
    byte[] before =
        new ProviderFile()
            .fatbin(cubin(80, 400), specific(90, 400))
            .fatbin(specific(120, 400), cubin(120, 80), specific(121, 80))
            .fatbin(specific(120, 400))
            .build();
    Path in = folder.resolve("provider.so");
    String out = folder.resolve("out.so").toString();

    assertThat(new LoadedProvider(prune(before, "90")).registered())
        .extracting(List::size)
        .containsExactly(0, 0, 1);
    assertThat(new LoadedProvider(prune(before, "120")).registered())
        .extracting(List::size)
        .containsExactly(1, 2, 0);
    assertThat(new LoadedProvider(prune(before, "121")).registered())
        .extracting(List::size)
        .containsExactly(0, 1, 0);
    assertThat(new LoadedProvider(prune(before, "122")).registered().get(1))
        .extracting(code -> code.getInt(28))
        .containsExactly(120);
    refuses(
        "9.1; it has code for [sm_80, sm_90a, sm_120, sm_120a, sm_121a]",
        "--architectures",
        "91",
        in.toString(),
        out);
  }

  @Test
  void dropsTheLibrariesThatItNeverUses() throws IOException {
    byte[] before = ProviderFile.typical().build();

    byte[] after = prune(before, "all");

    assertThat(new LoadedProvider(before).needed())
        .containsExactly("libcudart.so.12", "libcurand.so.10", "libcuda.so.1", "libc.so.6");
    assertThat(new LoadedProvider(after).needed()).containsExactly("libcudart.so.12", "libc.so.6");
    int dynamic = at(ProviderFile.typical(), ".dynamic");
    int end = at(ProviderFile.typical(), ".data");
    Arrays.fill(before, dynamic, end, (byte) 0);
    Arrays.fill(after, dynamic, end, (byte) 0);
    assertThat(after).isEqualTo(before);
    assertThat(printed.toString())
        .endsWith("no longer needs libcurand.so.10\nno longer needs libcuda.so.1\n");
  }

  @Test
  void pruningAgainChangesNothing() throws IOException {
    byte[] once = prune(ProviderFile.typical().build(), "80,90");

    assertThat(prune(once, "80,90")).isEqualTo(once);
    assertThat(prune(once, "all")).isEqualTo(once);
  }

  @Test
  void theSameBytesComeOutByAnyWay() throws IOException {
    byte[] before = ProviderFile.typical().build();
    byte[] straight = prune(before, "90");

    assertThat(prune(before, "90")).isEqualTo(straight);
    assertThat(prune(prune(before, "80,90"), "90")).isEqualTo(straight);
    assertThat(prune(prune(prune(before, "all"), "90,120,80"), "90")).isEqualTo(straight);
  }

  @Test
  void lessThanAPageOfCodeLeavesTheSegmentsAlone() throws IOException {
    ProviderFile small = new ProviderFile().fatbin(cubin(80, 200), cubin(90, 200));
    small.property = false;
    byte[] before = small.build();

    byte[] after = prune(before, "90");

    assertThat(after).hasSameSizeAs(before);
    assertThat(Arrays.copyOf(after, 400)).isEqualTo(Arrays.copyOf(before, 400));
    LoadedProvider loaded = new LoadedProvider(after);
    assertThat(loaded.registered().getFirst()).hasSize(1);
    assertThat(loaded.bytes(".eh_frame_hdr"))
        .isEqualTo(new LoadedProvider(before).bytes(".eh_frame_hdr"));
    assertThat(prune(after, "90")).isEqualTo(after);
  }

  @Test
  void knowsAProviderByTheNameOfItsVersionsAndZerosForPointers() throws IOException {
    ProviderFile other = ProviderFile.typical();
    other.nameAsVersion = true;
    other.pointersInFile = false;

    byte[] after = prune(other.build(), "90");

    assertThat(new LoadedProvider(after).registered()).hasSize(3);
    int wrappers = after.length - (other.build().length - at(other, ".nvFatBinSegment"));
    assertThat(ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN).getLong(wrappers + 8))
        .isZero();
  }

  @Test
  void recompressesOnRequest() throws IOException {
    String code = "a".repeat(5_000) + "b".repeat(15_000);
    ProviderFile file = new ProviderFile();
    file.fatbin(lz4(80, code), lz4(90, code), lz4(90, "too short to shrink"));
    byte[] before = file.build();

    byte[] after = prune(before, "90", "--recompress", "zstd");

    List<ByteBuffer> was = new LoadedProvider(before).registered().getFirst();
    List<ByteBuffer> is = new LoadedProvider(after).registered().getFirst();
    assertThat(is).hasSize(2).last().isEqualTo(was.getLast());
    ByteBuffer zstd = is.getFirst();
    assertThat(zstd.getLong(40)).isEqualTo(0x8011);
    assertThat(zstd.getInt(16)).isBetween(1, 100);
    assertThat(zstd.getLong(8)).isBetween((long) zstd.getInt(16), zstd.getInt(16) + 7L);
    byte[] frame = new byte[zstd.getInt(16)];
    zstd.get(64, frame);
    assertThat(Zstd.decompress(frame, code.length())).asString(UTF_8).isEqualTo(code);

    assertThat(prune(before, "90", "--recompress", "zstd")).isEqualTo(after);
    assertThat(prune(after, "90", "--recompress", "zstd")).isEqualTo(after);
    assertThat(prune(after, "90")).isEqualTo(after);
    assertThat(prune(prune(before, "90"), "90", "--recompress", "zstd")).isEqualTo(after);
  }

  @Test
  void refusesToRecompressDamagedCode() throws IOException {
    ProviderFile file = new ProviderFile().fatbin(lz4(90, "x".repeat(2_000)));
    byte[] bytes = file.build();
    int size = file.offset(".nv_fatbin") + 16 + 56;
    for (long wrong : new long[] {1_999, 2_001, -1, 1L << 40}) {
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(size, wrong);
      Path in = Files.write(folder.resolve("provider.so"), bytes);

      refuses(
          "has code that cannot be decompressed",
          "--recompress",
          "zstd",
          in.toString(),
          folder.resolve("out.so").toString());
    }
  }

  @Test
  void refusesAnotherCompression() throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), ProviderFile.typical().build());

    refuses(
        "Invalid value for option '--recompress'",
        "--recompress",
        "gzip",
        in.toString(),
        folder.resolve("out.so").toString());
  }

  @Test
  void theInputStaysAsItIsAndLendsItsModeAndTime() throws IOException {
    byte[] before = ProviderFile.typical().build();
    Path in = Files.write(folder.resolve("provider.so"), before);
    Files.setPosixFilePermissions(in, PosixFilePermissions.fromString("r-xr-x---"));
    Files.setLastModifiedTime(in, FileTime.fromMillis(1_000_000));
    Path out = folder.resolve("out.so");

    assertThat(run("--architectures", "90", in.toString(), out.toString())).isZero();

    assertThat(in).hasBinaryContent(before);
    assertThat(Files.getLastModifiedTime(in)).isEqualTo(FileTime.fromMillis(1_000_000));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("r-xr-x---");
    assertThat(Files.getLastModifiedTime(out)).isEqualTo(FileTime.fromMillis(1_000_000));
    assertThat(files()).containsExactly("out.so", "provider.so");
    assertThat(printed.toString().lines())
        .containsExactly(
            "   before     after  MB",
            "    0.008     0.000  sm_80",
            "    0.006     0.000  sm_86",
            "    0.013     0.013  sm_90",
            "    0.008     0.000  sm_120",
            "    0.047     0.030  total",
            "no longer needs libcurand.so.10",
            "no longer needs libcuda.so.1");
  }

  @Test
  void listsTheArchitectures() throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), ProviderFile.typical().build());

    assertThat(run("--list", in.toString())).isZero();

    assertThat(printed.toString().lines())
        .containsExactly(
            "           MB",
            "    0.008  sm_80",
            "    0.006  sm_86",
            "    0.013  sm_90",
            "    0.008  sm_120",
            "    0.047  total");
    assertThat(files()).containsExactly("provider.so");
  }

  @Test
  void helpTellsWhichCodeServesWhichDevice() {
    assertThat(run("--help")).isZero();
    assertThat(printed.toString()).contains("80 makes a file for devices of 8.0, 8.6 and 8.9");
  }

  static Stream<Arguments> others() {
    return Stream.of(
        other("is not a shared library for x86-64", file -> file.machine = 183),
        other("its name is 'libcublas.so.12'", file -> file.name = "libcublas.so.12"),
        other("its name is 'libcudnn_ops.so.9'", file -> file.name = "libcudnn_ops.so.9"),
        other(
            "its name is 'libcublasLt.so.12'",
            file -> {
              file.name = "libcublasLt.so.12";
              file.nameAsVersion = true;
            }),
        other("uses curandCreateGenerator", file -> file.undefined.add("curandCreateGenerator")),
        other("uses cuMemAlloc_v2", file -> file.undefined.add("cuMemAlloc_v2")),
        other("needs libcurand.so.10 for versions", file -> file.versionsOf.add("libcurand.so.10")),
        other("packed relocations", file -> file.furtherTags.add(36L)),
        other("symbols in .nv_fatbin", file -> file.symbolInCode = true),
        other("otherwise than by one wrapper", file -> file.relocationIntoCode = true),
        other("otherwise than by one wrapper", file -> file.wrappersLeftOut = 1),
        other("GNU property in no note", file -> file.propertyInNote = false),
        other("no single GNU property", file -> file.property = false),
        other(
            "code of an unknown kind",
            file -> file.fatbin(new ProviderFile.Code(4, 90, 80, 64, 0))),
        other(
            "code of an unknown layout",
            file -> file.fatbin(new ProviderFile.Code(2, 90, 80, 32, 0))),
        other(
            "code of an unknown layout",
            file -> file.fatbin(new ProviderFile.Code(2, 90, 81, 64, 0))));
  }

  @ParameterizedTest
  @MethodSource("others")
  void refusesWhatItDoesNotKnow(String reason, Consumer<ProviderFile> change) throws IOException {
    ProviderFile file = ProviderFile.typical();
    change.accept(file);

    refuses(file.build(), reason);
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("not a shared library", (_, bytes) -> bytes.put(0, (byte) 'M')),
        damage("not a shared library", (_, bytes) -> bytes.putShort(16, (short) 2)),
        damage("overlap or are out of order", (_, bytes) -> bytes.putLong(64 + 56 + 16, 0)),
        damage("overlap or are out of order", (_, bytes) -> bytes.putLong(64 + 56 + 48, 24)),
        damage("where no segment loads it", (_, bytes) -> bytes.putLong(64 + 56 + 32, 100)),
        damage("that no segment names", (_, bytes) -> bytes.putInt(64 + 3 * 56, 5)),
        damage("damaged or cut short", (_, bytes) -> bytes.putLong(40, 1L << 40)),
        damage(
            "has no section .nv_fatbin",
            (file, bytes) -> bytes.putInt(file.header(".nv_fatbin"), 0)),
        damage(
            "sections or headers that overlap",
            (file, bytes) ->
                bytes.putLong(file.header(".comment") + 24, file.offset(".nv_fatbin") + 100)),
        damage(
            "another segment where .nv_fatbin lies",
            (file, bytes) -> bytes.putLong(64 + 4 * 56 + 8, file.offset(".nv_fatbin"))),
        damage(
            "with room for variables",
            (_, bytes) -> bytes.putLong(64 + 56 + 40, bytes.getLong(64 + 56 + 40) + 8)),
        damage(
            "an unknown wrapper",
            (file, bytes) -> bytes.putInt(file.offset(".nvFatBinSegment"), 0)),
        damage(
            "an unknown wrapper",
            (file, bytes) -> bytes.putInt(file.offset(".nvFatBinSegment") + 4, 2)),
        damage(
            "an unknown wrapper",
            (file, bytes) -> bytes.putLong(file.offset(".nvFatBinSegment") + 16, 1)),
        damage(
            "points at no fat binary",
            (file, bytes) -> bytes.putLong(file.offset(".nvFatBinSegment") + 8, 8)),
        damage(
            "points at no fat binary", (file, bytes) -> bytes.putLong(file.offset(".rela.dyn"), 8)),
        damage(
            "an unknown relocation",
            (file, bytes) -> bytes.putInt(file.offset(".rela.dyn") + 8, 37)),
        damage(
            "an unknown relocation",
            (file, bytes) ->
                bytes.putLong(
                    file.offset(".rela.dyn"), bytes.getLong(file.offset(".rela.dyn") + 24))),
        damage("overlap or are out of order", (_, bytes) -> bytes.putLong(64 + 56 + 48, 1)),
        damage(
            "something else than a fat binary",
            (file, bytes) -> bytes.putInt(file.offset(".nv_fatbin"), 1)),
        damage(
            "damaged or cut short",
            (file, bytes) -> bytes.putLong(file.offset(".nv_fatbin") + 8, 1L << 62)));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void refusesWhatIsDamaged(String reason, BiConsumer<ProviderFile, ByteBuffer> damage)
      throws IOException {
    ProviderFile file = ProviderFile.typical();
    byte[] bytes = file.build();
    damage.accept(file, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));

    refuses(bytes, reason);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 63, 64, 1000, 5000, 30_000, 44_000})
  void refusesWhatIsCutShort(int length) throws IOException {
    refuses(Arrays.copyOf(ProviderFile.typical().build(), length), "provider.so is ");
  }

  @Test
  void refusesADeviceWithoutCode() throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), ProviderFile.typical().build());

    refuses(
        "no code for devices of compute capability 7.5; it has code for [sm_80, sm_86, sm_90, sm_120]",
        "--architectures",
        "75,90",
        in.toString(),
        folder.resolve("out.so").toString());
    refuses("no code for devices of compute capability 12.0", in, prunedFor90(in), "120");
  }

  @ParameterizedTest
  @ValueSource(strings = {"8.0", "sm_80", "80,", "", "8", "80 90", "ALL"})
  void refusesWhatIsNoListOfArchitectures(String list) throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), ProviderFile.typical().build());

    refuses(
        "expected compute capabilities like 80,90 or all, got " + list,
        "--architectures",
        list,
        in.toString(),
        folder.resolve("out.so").toString());
  }

  @Test
  void refusesToOverwrite() throws IOException {
    byte[] before = ProviderFile.typical().build();
    Path in = Files.write(folder.resolve("provider.so"), before);

    refuses("is there already", in.toString(), in.toString());
    refuses("its folder is not", in.toString(), folder.resolve("no/out.so").toString());
    assertThat(in).hasBinaryContent(before);
  }

  @Test
  void refusesHalfACommand() throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), ProviderFile.typical().build());
    String out = folder.resolve("out.so").toString();

    refuses("give either OUT, the file to write, or --list", in.toString());
    refuses("give either OUT, the file to write, or --list", "--list", in.toString(), out);
    refuses("is not a file", folder.resolve("none.so").toString(), out);
    refuses("is not a file", folder.toString(), out);
  }

  private static Arguments other(String reason, Consumer<ProviderFile> change) {
    return Arguments.of(reason, change);
  }

  private static Arguments damage(String reason, BiConsumer<ProviderFile, ByteBuffer> damage) {
    return Arguments.of(reason, damage);
  }

  private byte[] prune(byte[] provider, String devices, String... options) throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), provider);
    Path out = folder.resolve("out.so");
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("--architectures", devices, in.toString(), out.toString()));
    assertThat(run(arguments.toArray(String[]::new))).as(errors.toString()).isZero();
    byte[] pruned = Files.readAllBytes(out);
    Files.delete(out);
    return pruned;
  }

  private Path prunedFor90(Path in) throws IOException {
    return Files.write(in, prune(Files.readAllBytes(in), "90"));
  }

  private void refuses(String reason, Path in, Path pruned, String device) throws IOException {
    assertThat(pruned).isEqualTo(in);
    refuses(reason, "--architectures", device, in.toString(), folder.resolve("out.so").toString());
  }

  private void refuses(byte[] provider, String reason) throws IOException {
    Path in = Files.write(folder.resolve("provider.so"), provider);
    String out = folder.resolve("out.so").toString();
    refuses(reason, "--architectures", "90", in.toString(), out);
    assertThat(in).hasBinaryContent(provider);
  }

  /** With one line, and no other file than there was. */
  private void refuses(String reason, String... arguments) throws IOException {
    List<String> before = files();
    errors.getBuffer().setLength(0);
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(errors.toString()).startsWith("prune: ").contains(reason);
    assertThat(errors.toString().lines()).hasSize(1);
    assertThat(files()).isEqualTo(before);
  }

  private int run(String... arguments) {
    return Prune.commandLine()
        .setOut(new PrintWriter(printed))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  private List<String> files() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static int at(ProviderFile file, String section) {
    file.build();
    return file.offset(section);
  }
}
