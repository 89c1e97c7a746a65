package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The JVM does not say that a method which the image's options name is not there. */
class CompileCommandsTest {
  private static final String OPTION = "-XX:CompileCommand=";

  static Stream<String> named() throws IOException {
    return Files.readAllLines(Path.of("../image/jvm.options")).stream()
        .filter(line -> line.startsWith(OPTION) && line.contains("::"))
        .map(line -> line.replaceAll(".*CompileCommand=\\w+,([^,]+).*", "$1"))
        .distinct();
  }

  @ParameterizedTest
  @MethodSource("named")
  void nameMethodsThatAreThere(String pattern) throws ClassNotFoundException {
    int end = pattern.indexOf("::");
    Class<?> named =
        Class.forName(withoutStar(pattern.substring(0, end)), false, getClass().getClassLoader());
    assertThat(Arrays.stream(named.getDeclaredMethods()).map(method -> method.getName()))
        .anyMatch(method -> matches(pattern.substring(end + 2), method));
  }

  @Test
  void areThere() throws IOException {
    assertThat(named()).hasSizeGreaterThan(20);
  }

  private static boolean matches(String pattern, String name) {
    return pattern.endsWith("*") ? name.startsWith(withoutStar(pattern)) : name.equals(pattern);
  }

  private static String withoutStar(String pattern) {
    return pattern.endsWith("*") ? pattern.substring(0, pattern.length() - 1) : pattern;
  }
}
