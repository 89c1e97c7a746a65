import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks or applies google-java-format, run as a source file on the toolchain's JDK by the root
 * pom. Not Spotless, which formats inside Maven's own JVM: that may be Java 17, which cannot read
 * this code.
 *
 * <p>Arguments: {@code check} or {@code apply}, then folders.
 */
class Format {
  public static void main(String[] arguments) throws IOException, FormatterException {
    boolean apply = arguments[0].equals("apply");
    boolean clean = true;
    for (String folder : List.of(arguments).subList(1, arguments.length)) {
      try (Stream<Path> files = Files.walk(Path.of(folder))) {
        for (Path file : files.filter(Format::isSource).sorted().toList()) {
          String source = Files.readString(file);
          String formatted = format(source);
          if (formatted.equals(source)) {
            continue;
          }
          if (apply) {
            Files.writeString(file, formatted);
          } else {
            System.err.println("not formatted: " + file);
            clean = false;
          }
        }
      }
    }
    if (!clean) {
      System.err.println("run: ./mvnw -N -Pformat validate");
      System.exit(1);
    }
  }

  private static boolean isSource(Path file) {
    return file.toString().endsWith(".java") && !file.toString().contains("/target/");
  }

  private static String format(String source) throws FormatterException {
    String ordered =
        ImportOrderer.reorderImports(
            RemoveUnusedImports.removeUnusedImports(source), JavaFormatterOptions.Style.GOOGLE);
    return new Formatter().formatSource(ordered);
  }
}
