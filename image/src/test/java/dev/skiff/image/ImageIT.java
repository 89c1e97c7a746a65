package dev.skiff.image;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.image.SavedImage.Entry;
import dev.skiff.image.SavedImage.Layer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is in the image, read from its layers. */
@Tag("image")
@SuppressWarnings("NullAway.Init") // JUnit calls save() first
class ImageIT {
  /** The ELF files and jars above the base, one path a line, in order. */
  private static final Path FILES = Path.of("src/test/resources/image-files.txt");

  /**
   * What each layer above the base may hold, the lowest first: the order of how often it changes.
   */
  private static final List<Pattern> LAYERS =
      List.of(
          Pattern.compile("/skiff(/jre(/.*)?)?"),
          Pattern.compile("/skiff(/native(/[^/]+\\.so)?)?"),
          Pattern.compile("/skiff(/lib(/[^/]+\\.jar)?)?"),
          Pattern.compile("/skiff(/skiff\\.jar|/sbom\\.cdx\\.json|/app\\.aot|/jvm\\.options)?"),
          Pattern.compile("/models(/[a-z]+(/(model\\.onnx|model\\.json|labels\\.txt))?)?"));

  private static final String PACKAGES = "/var/lib/dpkg/status.d/";

  private static final Pattern BASE =
      Pattern.compile(
          "/usr/lib/([^/]+/)?(ld-linux[^/]*|lib(c|m|dl|rt|pthread|gcc_s|stdc\\+\\+)\\.so[.0-9]*)"
              + "|/usr/lib/(os-release|locale/C\\.utf8/.*)|/usr/share/(doc|common-licenses)/.*"
              + "|/etc/(passwd|group|nsswitch\\.conf|debian_version)|"
              + PACKAGES
              + ".*");

  /** What a build leaves behind: sources, headers, manuals, compilers, debug symbols, samples. */
  private static final Pattern LEFTOVER =
      Pattern.compile(
          "(?x) .*(\\.(java|kt|py|pyc|sh|c|h|hpp|a|o|la|pc|map|debuginfo|diz|jmod|tsv|html?|log)"
              + "| /(src\\.zip|jrt-fs\\.jar|sample\\.json|reply\\.json|javac|jlink|jshell|jdb|keytool"
              + "| jcmd|gcc|cc|ld|as|make|mvn|apt|dpkg|pip|python3?)"
              + "| /(man|include|demo|jmods|\\.m2|\\.git|__pycache__)(/.*)?)");

  /** Jars that the root pom bans; the list of files would be the place to let one in. */
  private static final Pattern BANNED =
      Pattern.compile(
          "(logback|log4j|commons-logging|slf4j-simple|gson|.*websocket|.*servlet-jsp).*");

  private static SavedImage image;

  @BeforeAll
  static void save() throws IOException {
    image = SavedImage.of(ImageUnderTest.name());
  }

  @Test
  void theImageIsSmall() {
    Budgets.IMAGE.check(megabytes(image.layers().stream().mapToLong(Layer::bytes).sum()));
  }

  @Test
  void theImageIsPulledFast() {
    Budgets.COMPRESSED.check(megabytes(image.layers().stream().mapToLong(Layer::compressed).sum()));
  }

  @Test
  void noLayerIsLarge() {
    Budgets.LARGEST_LAYER.check(
        megabytes(image.layers().stream().mapToLong(Layer::bytes).max().orElse(0)));
  }

  @Test
  void aChangeOfTheCodePullsLittle() {
    var application = image.own().stream().filter(layer -> layer.holds("/skiff/app.aot")).toList();
    assertThat(application).hasSize(1);
    Budgets.CODE_CHANGE.check(megabytes(application.getFirst().compressed()));
  }

  @Test
  void layersAreOrderedByHowOftenTheyChange() {
    image.assertLayers(LAYERS);
  }

  /** No shell among it, no package manager, no command at all. */
  @Test
  void theBaseHoldsWhatTheServerLinksToAndWhereItCameFrom() {
    assertThat(image.base()).hasSize(1);
    List<String> files = image.base().getFirst().files().stream().map(Entry::path).toList();
    assertThat(files)
        .allMatch(BASE.asMatchPredicate())
        .contains("/usr/lib/os-release", "/usr/lib/locale/C.utf8/LC_CTYPE");
    assertThat(files.stream().filter(path -> path.startsWith(PACKAGES)))
        .as("the packages that scanners see")
        .extracting(path -> path.substring(PACKAGES.length()).replaceFirst("gcc-\\d+", "gcc"))
        .containsExactlyInAnyOrder(
            "base-files", "gcc-base", "libc-bin", "libc6", "libgcc-s1", "libstdc++6");
  }

  @Test
  void elfFilesAndJarsAreThoseOfTheList() throws IOException {
    assertThat(own(entry -> entry.elf() || entry.path().endsWith(".jar")))
        .as("ELF files and jars; if this is meant, change %s", FILES)
        .containsExactlyInAnyOrderElementsOf(Files.readAllLines(FILES));
  }

  @Test
  void noJarIsThereTwiceOrBanned() {
    List<String> jars =
        own(entry -> entry.path().endsWith(".jar")).stream()
            .map(path -> path.substring(path.lastIndexOf('/') + 1))
            .toList();
    assertThat(jars).isNotEmpty().noneMatch(BANNED.asMatchPredicate());
    assertThat(jars.stream().map(jar -> jar.replaceFirst("-\\d.*", ""))).doesNotHaveDuplicates();
  }

  @Test
  void nothingOfTheBuildIsLeftBehind() {
    assertThat(own(entry -> LEFTOVER.matcher(entry.path()).matches())).isEmpty();
    assertThat(
            image.layers().stream()
                .flatMap(layer -> layer.files().stream())
                .filter(entry -> entry.size() > 0)
                .map(Entry::path)
                .filter(path -> path.matches("/var/(lib/apt/lists|cache/apt)/.+")))
        .as("a package manager's leftovers, base included")
        .isEmpty();
  }

  @Test
  void everythingOfOursIsRootsAndReadOnly() {
    List<Entry> entries = ownEntries().toList();
    assertThat(entries).isNotEmpty();
    assertThat(entries).allMatch(entry -> entry.uid() == 0 && entry.gid() == 0, "root's");
    assertThat(entries)
        .filteredOn(entry -> !entry.link())
        .allMatch(entry -> (entry.mode() & 0022) == 0, "written by nobody but root")
        .allMatch(entry -> (entry.mode() & 0444) == 0444, "readable by every user");
  }

  @Test
  void nothingRunsAsSomebodyElse() {
    assertThat(image.layers().stream().flatMap(layer -> layer.entries().stream()))
        .isNotEmpty()
        .filteredOn(entry -> entry.file() && (entry.mode() & 06000) != 0)
        .isEmpty();
  }

  @Test
  void nothingIsThereTwice() {
    assertThat(own(_ -> true)).doesNotHaveDuplicates();
    var copies =
        ownEntries()
            .filter(entry -> entry.file() && entry.size() > 0)
            .collect(groupingBy(Entry::sha256, mapping(Entry::path, toList())));
    assertThat(copies.values()).isNotEmpty().filteredOn(paths -> paths.size() > 1).isEmpty();
  }

  private static Stream<Entry> ownEntries() {
    return image.own().stream().flatMap(layer -> layer.entries().stream());
  }

  private static List<String> own(Predicate<Entry> which) {
    return ownEntries().filter(Entry::file).filter(which).map(Entry::path).sorted().toList();
  }

  private static double megabytes(long bytes) {
    return bytes / 1e6;
  }
}
