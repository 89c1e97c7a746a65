package dev.skiff.image.prune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Lz4Test {
  @ParameterizedTest
  @CsvSource({
    // A token: the number of literals and of matching bytes beyond four; literals; the distance.
    "00,''",
    "30616263,abc",
    "41616263640400 3078797a,abcdabcdaxyz",
    "11610100 1062,aaaaaab",
    "2061620200 1063,abababc",
    "10610100 00,aaaaa",
  })
  void readsLiteralsAndMatches(String block, String expected) {
    assertThat(decompress(block, expected.length())).asString(UTF_8).isEqualTo(expected);
  }

  @Test
  void readsLongLengths() {
    // 15 + 255 + 3 literals; a match of 4 + 15 + 255 + 0 bytes; one literal.
    String block = "ffff03" + "61".repeat(272) + "62" + "0100" + "ff00" + "1063";
    String expected = "a".repeat(272) + "b".repeat(275) + "c";

    assertThat(decompress(block, expected.length())).asString(UTF_8).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "30",
        "306162",
        "3061626364",
        "1061",
        "106101",
        "f0",
        "f0ff",
        "10610200 00",
        "10610000 00",
        "10610100 30616263",
        "1f610100ff00",
      })
  void refusesWhatIsDamaged(String block) {
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> decompress(block, 5));
  }

  private static byte[] decompress(String block, int size) {
    byte[] target = new byte[size];
    byte[] bytes = HexFormat.of().parseHex(block.replace(" ", ""));
    Lz4.decompress(MemorySegment.ofArray(bytes), MemorySegment.ofArray(target));
    return target;
  }
}
