package dev.skiff.image.prune;

import static dev.skiff.image.prune.DeviceCode.lz4;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Code that is left is compressed anew, where that was asked for. */
class RecompressionTest {
  private final PruneCommand tool;

  RecompressionTest(@TempDir Path folder) {
    tool = new PruneCommand(folder);
  }

  @Test
  void recompressesOnRequest() throws IOException {
    String code = "a".repeat(5_000) + "b".repeat(15_000);
    ProviderFile file = new ProviderFile();
    file.fatbin(lz4(80, code), lz4(90, code), lz4(90, "too short to shrink"));
    byte[] before = file.build();

    byte[] after = tool.prune(before, "90", "--recompress", "zstd");

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

    assertThat(tool.prune(before, "90", "--recompress", "zstd")).isEqualTo(after);
    assertThat(tool.prune(after, "90", "--recompress", "zstd")).isEqualTo(after);
    assertThat(tool.prune(after, "90")).isEqualTo(after);
    assertThat(tool.prune(tool.prune(before, "90"), "90", "--recompress", "zstd")).isEqualTo(after);
  }

  @Test
  void refusesToRecompressDamagedCode() throws IOException {
    ProviderFile file = new ProviderFile().fatbin(lz4(90, "x".repeat(2_000)));
    byte[] bytes = file.build();
    int size = file.offset(".nv_fatbin") + 16 + 56;
    for (long wrong : new long[] {1_999, 2_001, -1, 1L << 40}) {
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(size, wrong);
      Path in = tool.provider(bytes);

      tool.refuses("has code that cannot be decompressed", "--recompress", "zstd", in, tool.out());
    }
  }

  @Test
  void refusesAnotherCompression() throws IOException {
    Path in = tool.provider(ProviderFile.typical().build());

    tool.refuses("Invalid value for option '--recompress'", "--recompress", "gzip", in, tool.out());
  }
}
