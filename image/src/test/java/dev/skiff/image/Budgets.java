package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;

/**
 * What the image may cost. Every limit of the image tests stands here and nowhere else. MB are
 * millions of bytes.
 */
enum Budgets {
  /** The sum of all uncompressed layers, base and models included. */
  IMAGE("image, uncompressed", 0, 130, "MB"),

  /** What a machine pulls that has nothing yet: the sum of all layers after gzip -6. */
  COMPRESSED("image, compressed", 0, 60, "MB"),

  /** Any one layer, uncompressed: the one with the AOT cache. */
  LARGEST_LAYER("largest layer", 0, 45, "MB"),

  /** The same server on Debian slim as it is (BASE=slim); the official trixie-slim is about 78. */
  SLIM_IMAGE("image on Debian slim, uncompressed", 0, 205, "MB"),

  /** For GPUs, with the code of more than one architecture, or with all that cuDNN has. */
  GPU_IMAGE("GPU image, uncompressed", 0, 2000, "MB"),

  /** For GPUs of one architecture, with convolutions that are compiled at run time. */
  GPU_IMAGE_OF_ONE("GPU image of one architecture", 0, 1300, "MB"),

  /** For GPUs of one architecture, without cuDNN. */
  GPU_IMAGE_OF_ONE_WITHOUT_CONVOLUTIONS("the same without convolutions", 0, 1100, "MB"),

  /** What a machine pulls again after a change of the code: that layer after gzip -6. */
  CODE_CHANGE("pulled after a code change", 0, 40, "MB"),

  /** Resident memory of the process after its first requests to every model. */
  RESIDENT("resident after warm-up", 0, 150, "MB"),

  /** The share of the classes loaded until the first answer that came from the AOT cache. */
  AOT_SHARE("classes from the AOT cache", 0.95, 1, "of 1"),

  /** From docker run to the first answer of /predict, less docker run of an empty container. */
  COLD_START("cold start over an empty container", 0, 500, "ms"),

  /**
   * Where that fails the build: three times the budget, because machines of CI are shared and slow.
   * The line of {@link #COLD_START} tells whether it was met.
   */
  COLD_START_GATE("cold start, gate", 0, 1500, "ms"),

  /** The same over what it takes without the AOT cache: noise hits both and leaves the ratio. */
  COLD_START_RATIO("cold start over one without cache", 0, 0.6, "x"),

  /**
   * From the exec of the process to the first answer of /predict for digits, in the image's own
   * layout. No gate of its own: {@link #COLD_START_GATE} is one for times, and ratios say more.
   */
  EXEC_START("exec to the first answer", 0, 400, "ms"),

  /** The same for iris over that of the classic serve.py with the same estimator. */
  EXEC_RATIO("exec to the first answer over serve.py", 0, 0.125, "x"),

  /**
   * Where that fails the build until {@link #EXEC_RATIO} is reached, so that it does not grow
   * meanwhile: half as much again as was measured.
   */
  EXEC_RATIO_GATE("exec over serve.py, gate", 0, 0.6, "x"),

  /** What lies in our layers although the server never opens it. */
  NEVER_OPENED("above the base, never opened", 0, 1, "MB");

  private final String title;
  private final double least;
  private final double most;
  private final String unit;

  Budgets(String title, double least, double most, String unit) {
    this.title = title;
    this.least = least;
    this.most = most;
    this.unit = unit;
  }

  boolean holds(double measured) {
    return measured > 0 && measured >= least && measured <= most;
  }

  /** Prints what was measured; fails if it breaks the budget, or if it is nothing at all. */
  void check(double measured) {
    System.out.println(line(measured));
    assertThat(holds(measured)).as(line(measured)).isTrue();
  }

  /** What was measured beside the budget. */
  String line(double measured) {
    String limit = least > 0 ? "at least " + number(least) : "at most " + number(most);
    return "budget  %-36s %8s %s, %s%s"
        .formatted(title, number(measured), unit, limit, holds(measured) ? "" : "  BROKEN");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.3f" : "%.1f", value);
  }
}
