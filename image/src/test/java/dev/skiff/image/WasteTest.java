package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.image.SavedImage.Entry;
import dev.skiff.image.SavedImage.Layer;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WasteTest {
  private static final Layer BASE =
      new Layer(
          0,
          30_000_000,
          List.of(file("/usr/bin/perl", 4_000_000), file("/usr/lib/libc.so", 2_000_000)));
  private static final Layer OURS =
      new Layer(
          0,
          1_000_000,
          List.of(
              new Entry("/skiff", false, false, 0755, 0, 0, 0, false, ""),
              file("/skiff/lib/a.jar", 3_000_000),
              file("/skiff/lib/copy-of-a.jar", 3_000_000)));
  private static final Waste WASTE =
      new Waste(
          new SavedImage(List.of(BASE, OURS)), Set.of("/usr/lib/libc.so", "/skiff/lib/a.jar"));

  @Test
  void countsWhatWasNeverOpenedAboveTheBase() {
    assertThat(WASTE.neverOpenedOfOurs()).isEqualTo(3_000_000);
  }

  @Test
  void saysForEachLayerWhatIsInItAndWhatIsNot() {
    assertThat(WASTE.report().lines().map(line -> line.replaceAll(" +", " ")))
        .contains(
            "base 2 6.00 30.00 1 4.00",
            "/skiff/lib 2 6.00 1.00 1 3.00",
            "all 4 12.00 31.00 2 7.00",
            " 3.00 unopened /skiff/lib/copy-of-a.jar",
            " 3.00 /skiff/lib/a.jar",
            " 4.00 /usr/bin",
            " 3.00 /skiff/lib/a.jar /skiff/lib/copy-of-a.jar");
  }

  /** Files of one size have the same content here. */
  private static Entry file(String path, long size) {
    return new Entry(path, true, false, 0644, 0, 0, size, false, "sha256 of " + size);
  }
}
