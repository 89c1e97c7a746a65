package dev.skiff.image.prune;

import static dev.skiff.image.prune.DeviceCode.cubin;
import static dev.skiff.image.prune.DeviceCode.ptx;
import static dev.skiff.image.prune.DeviceCode.specific;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is left of a library, and what is told of it. */
class PruneTest {
  private final PruneCommand tool;

  PruneTest(@TempDir Path folder) {
    tool = new PruneCommand(folder);
  }

  @Test
  void keepsTheCodeOfOneDeviceAndNothingMoves() throws IOException {
    byte[] before = ProviderFile.typical().build();

    byte[] after = tool.prune(before, "90");

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
        new LoadedProvider(tool.prune(ProviderFile.typical().build(), devices))
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

    assertThat(new LoadedProvider(tool.prune(before, device)).registered().getFirst())
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

    assertThat(new LoadedProvider(tool.prune(before, "90")).registered())
        .extracting(List::size)
        .containsExactly(0, 0, 1);
    assertThat(new LoadedProvider(tool.prune(before, "120")).registered())
        .extracting(List::size)
        .containsExactly(1, 2, 0);
    assertThat(new LoadedProvider(tool.prune(before, "121")).registered())
        .extracting(List::size)
        .containsExactly(0, 1, 0);
    assertThat(new LoadedProvider(tool.prune(before, "122")).registered().get(1))
        .extracting(code -> code.getInt(28))
        .containsExactly(120);
    tool.refuses(before, "91", "9.1; it has code for [sm_80, sm_90a, sm_120, sm_120a, sm_121a]");
  }

  @Test
  void dropsTheLibrariesThatItNeverUses() throws IOException {
    byte[] before = ProviderFile.typical().build();

    byte[] after = tool.prune(before, "all");

    assertThat(new LoadedProvider(before).needed())
        .containsExactly("libcudart.so.12", "libcurand.so.10", "libcuda.so.1", "libc.so.6");
    assertThat(new LoadedProvider(after).needed()).containsExactly("libcudart.so.12", "libc.so.6");
    int dynamic = at(ProviderFile.typical(), ".dynamic");
    int end = at(ProviderFile.typical(), ".data");
    Arrays.fill(before, dynamic, end, (byte) 0);
    Arrays.fill(after, dynamic, end, (byte) 0);
    assertThat(after).isEqualTo(before);
    assertThat(tool.printed())
        .endsWith("no longer needs libcurand.so.10\nno longer needs libcuda.so.1\n");
  }

  @Test
  void pruningAgainChangesNothing() throws IOException {
    byte[] once = tool.prune(ProviderFile.typical().build(), "80,90");

    assertThat(tool.prune(once, "80,90")).isEqualTo(once);
    assertThat(tool.prune(once, "all")).isEqualTo(once);
  }

  @Test
  void theSameBytesComeOutByAnyWay() throws IOException {
    byte[] before = ProviderFile.typical().build();
    byte[] straight = tool.prune(before, "90");

    assertThat(tool.prune(before, "90")).isEqualTo(straight);
    assertThat(tool.prune(tool.prune(before, "80,90"), "90")).isEqualTo(straight);
    assertThat(tool.prune(tool.prune(tool.prune(before, "all"), "90,120,80"), "90"))
        .isEqualTo(straight);
  }

  @Test
  void lessThanAPageOfCodeLeavesTheSegmentsAlone() throws IOException {
    ProviderFile small = new ProviderFile().fatbin(cubin(80, 200), cubin(90, 200));
    small.property = false;
    byte[] before = small.build();

    byte[] after = tool.prune(before, "90");

    assertThat(after).hasSameSizeAs(before);
    assertThat(Arrays.copyOf(after, 400)).isEqualTo(Arrays.copyOf(before, 400));
    LoadedProvider loaded = new LoadedProvider(after);
    assertThat(loaded.registered().getFirst()).hasSize(1);
    assertThat(loaded.bytes(".eh_frame_hdr"))
        .isEqualTo(new LoadedProvider(before).bytes(".eh_frame_hdr"));
    assertThat(tool.prune(after, "90")).isEqualTo(after);
  }

  @Test
  void knowsAProviderByTheNameOfItsVersionsAndZerosForPointers() throws IOException {
    ProviderFile other = ProviderFile.typical();
    other.nameAsVersion = true;
    other.pointersInFile = false;

    byte[] after = tool.prune(other.build(), "90");

    assertThat(new LoadedProvider(after).registered()).hasSize(3);
    int wrappers = after.length - (other.build().length - at(other, ".nvFatBinSegment"));
    assertThat(ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN).getLong(wrappers + 8))
        .isZero();
  }

  @Test
  void theInputStaysAsItIsAndLendsItsModeAndTime() throws IOException {
    byte[] before = ProviderFile.typical().build();
    Path in = tool.provider(before);
    Files.setPosixFilePermissions(in, PosixFilePermissions.fromString("r-xr-x---"));
    Files.setLastModifiedTime(in, FileTime.fromMillis(1_000_000));
    Path out = tool.out();

    assertThat(tool.run("--architectures", "90", in, out)).isZero();

    assertThat(in).hasBinaryContent(before);
    assertThat(Files.getLastModifiedTime(in)).isEqualTo(FileTime.fromMillis(1_000_000));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("r-xr-x---");
    assertThat(Files.getLastModifiedTime(out)).isEqualTo(FileTime.fromMillis(1_000_000));
    assertThat(tool.files()).containsExactly("out.so", "provider.so");
    assertThat(tool.printed().lines())
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
    Path in = tool.provider(ProviderFile.typical().build());

    assertThat(tool.run("--list", in)).isZero();

    assertThat(tool.printed().lines())
        .containsExactly(
            "           MB",
            "    0.008  sm_80",
            "    0.006  sm_86",
            "    0.013  sm_90",
            "    0.008  sm_120",
            "    0.047  total");
    assertThat(tool.files()).containsExactly("provider.so");
  }

  @Test
  void helpTellsWhichCodeServesWhichDevice() {
    assertThat(tool.run("--help")).isZero();
    assertThat(tool.printed()).contains("80 makes a file for devices of 8.0, 8.6 and 8.9");
  }

  private static int at(ProviderFile file, String section) {
    file.build();
    return file.offset(section);
  }
}
