package dev.skiff.image.prune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Libraries that are not pruned, and commands that are not carried out; nothing is written then.
 */
class PruneRefusalsTest {
  private final Path folder;
  private final PruneCommand tool;

  PruneRefusalsTest(@TempDir Path folder) {
    this.folder = folder;
    tool = new PruneCommand(folder);
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
        other("code of an unknown kind", file -> file.fatbin(new DeviceCode(4, 90, 80, 64, 0))),
        other("code of an unknown layout", file -> file.fatbin(new DeviceCode(2, 90, 80, 32, 0))),
        other("code of an unknown layout", file -> file.fatbin(new DeviceCode(2, 90, 81, 64, 0))));
  }

  @ParameterizedTest
  @MethodSource("others")
  void refusesWhatItDoesNotKnow(String reason, Consumer<ProviderFile> change) throws IOException {
    ProviderFile file = ProviderFile.typical();
    change.accept(file);

    tool.refuses(file.build(), "90", reason);
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

    tool.refuses(bytes, "90", reason);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 63, 64, 1000, 5000, 30_000, 44_000})
  void refusesWhatIsCutShort(int length) throws IOException {
    byte[] whole = ProviderFile.typical().build();

    tool.refuses(Arrays.copyOf(whole, length), "90", "provider.so is ");
  }

  @Test
  void refusesADeviceWithoutCode() throws IOException {
    byte[] provider = ProviderFile.typical().build();

    tool.refuses(
        provider,
        "75,90",
        "no code for devices of compute capability 7.5; it has code for [sm_80, sm_86, sm_90, sm_120]");
    tool.refuses(
        tool.prune(provider, "90"), "120", "no code for devices of compute capability 12.0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"8.0", "sm_80", "80,", "", "8", "80 90", "ALL"})
  void refusesWhatIsNoListOfArchitectures(String list) throws IOException {
    tool.refuses(
        ProviderFile.typical().build(),
        list,
        "expected compute capabilities like 80,90 or all, got " + list);
  }

  @Test
  void refusesToOverwrite() throws IOException {
    byte[] before = ProviderFile.typical().build();
    Path in = tool.provider(before);

    tool.refuses("is there already", in, in);
    tool.refuses("its folder is not", in, folder.resolve("no/out.so"));
    assertThat(in).hasBinaryContent(before);
  }

  @Test
  void refusesHalfACommand() throws IOException {
    Path in = tool.provider(ProviderFile.typical().build());
    Path out = tool.out();

    tool.refuses("give either OUT, the file to write, or --list", in);
    tool.refuses("give either OUT, the file to write, or --list", "--list", in, out);
    tool.refuses("is not a file", folder.resolve("none.so"), out);
    tool.refuses("is not a file", folder, out);
  }

  private static Arguments other(String reason, Consumer<ProviderFile> change) {
    return Arguments.of(reason, change);
  }

  private static Arguments damage(String reason, BiConsumer<ProviderFile, ByteBuffer> damage) {
    return Arguments.of(reason, damage);
  }
}
