package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every fuzz target takes the inputs of its corpus, and each of them a little changed. New inputs
 * are looked for by {@code ./mvnw -Pfuzz} (CONTRIBUTING.md).
 */
@Timeout(value = 240, threadMode = ThreadMode.SEPARATE_THREAD)
class FuzzTest {
  private static final Path CLASSES = Path.of("target/test-classes");
  private static final Path CORPUS = Path.of("src/test/fuzz");
  private static final int CHANGED = 200;

  static List<String> targets() throws IOException {
    try (Stream<Path> files = Files.walk(CLASSES)) {
      return files
          .map(file -> CLASSES.relativize(file).toString())
          .filter(name -> name.endsWith("Fuzz.class"))
          .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void corpus(String target) throws ReflectiveOperationException, IOException {
    Class<?> type = Class.forName(target);
    Method method = type.getMethod("fuzzerTestOneInput", byte[].class);
    List<Path> inputs;
    try (Stream<Path> files = Files.list(CORPUS.resolve(type.getSimpleName()))) {
      inputs = files.sorted().toList();
    }
    assertThat(inputs).isNotEmpty();
    SplittableRandom random = new SplittableRandom(1);
    for (Path file : inputs) {
      byte[] input = Files.readAllBytes(file);
      run(method, input, file);
      for (int i = 0; i < CHANGED; i++) {
        run(method, changed(input, random), file);
      }
    }
  }

  private static void run(Method method, byte[] input, Path file)
      throws ReflectiveOperationException {
    try {
      method.invoke(null, (Object) input.clone());
    } catch (InvocationTargetException e) {
      throw new AssertionError(
          "on this input, of or near " + file + ": " + HexFormat.of().formatHex(input),
          e.getCause());
    }
  }

  /** The input with one to four bytes put in, taken out, or replaced, or with a part repeated. */
  private static byte[] changed(byte[] input, SplittableRandom random) {
    byte[] bytes = input;
    for (int i = random.nextInt(4); i >= 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      int end = Math.min(bytes.length, at + random.nextInt(3));
      byte[] piece =
          random.nextInt(3) == 0
              ? Arrays.copyOfRange(bytes, 0, random.nextInt(bytes.length))
              : new byte[] {random.nextBoolean() ? bytes[at] : (byte) random.nextInt()};
      byte[] longer = new byte[at + piece.length + bytes.length - end];
      System.arraycopy(bytes, 0, longer, 0, at);
      System.arraycopy(piece, 0, longer, at, piece.length);
      System.arraycopy(bytes, end, longer, at + piece.length, bytes.length - end);
      bytes = longer;
    }
    return bytes;
  }
}
