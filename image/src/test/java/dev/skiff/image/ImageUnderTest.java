package dev.skiff.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The image that all tests look at: the one that {@code -Dskiff.image=NAME} names, else one that is
 * built from Dockerfile.cpu, once.
 *
 * <p>It is built on the bases that the Dockerfile pins, or on those that the environment variables
 * SKIFF_BASE_IMAGE and SKIFF_MAVEN_IMAGE name where no registry can be reached; SKIFF_BUILD_NETWORK
 * is the network of its steps. An image that was built with other ones shares no step with it. One
 * for GPUs takes too long to be built by a test; the profile gpu-image is given one by its name.
 */
final class ImageUnderTest {
  private static final String BUILT = "skiff:image-test";

  private static @Nullable String name;

  private ImageUnderTest() {}

  static synchronized String name() {
    if (name == null) {
      String given = System.getProperty("skiff.image", "");
      if (given.isEmpty()) {
        build(BUILT);
        name = BUILT;
      } else {
        Docker.run("image", "inspect", given);
        name = given;
      }
      System.out.println("image under test: " + name);
    }
    return name;
  }

  /**
   * What a class of the tests, which lie in /test, prints on the image's own Java.
   *
   * @param options more of {@code docker run}
   */
  static String java(List<String> options, String... arguments) {
    List<String> command = new ArrayList<>(List.of("run", "--rm"));
    command.addAll(
        List.of("--volume", Path.of("target/test-classes").toAbsolutePath() + ":/test:ro"));
    command.addAll(options);
    command.addAll(List.of("--entrypoint", "/skiff/jre/bin/java", name()));
    command.addAll(List.of("-Djava.io.tmpdir=/dev/shm", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of(arguments));
    return Docker.run(command.toArray(String[]::new));
  }

  /** The Debian that the image under test is made from, as it is. */
  static String base() throws IOException {
    String image = System.getenv("SKIFF_BASE_IMAGE");
    if (image != null && !image.isEmpty()) {
      return image;
    }
    var pinned =
        Pattern.compile("(?m)^ARG BASE_IMAGE=(\\S+)$")
            .matcher(Files.readString(Path.of("../Dockerfile.cpu")));
    if (!pinned.find()) {
      throw new AssertionError("no base image in Dockerfile.cpu");
    }
    return pinned.group(1);
  }

  /** Builds an image from Dockerfile.cpu, with more arguments of {@code docker build}. */
  static void build(String tag, String... more) {
    build(Path.of(".."), tag, more);
  }

  /** The same, of a copy of the sources. */
  static void build(Path sources, String tag, String... more) {
    List<String> command = new ArrayList<>(List.of("build", "--tag", tag));
    command.addAll(List.of("--file", sources.resolve("Dockerfile.cpu").toString()));
    command.addAll(List.of(more));
    String network = System.getenv("SKIFF_BUILD_NETWORK");
    if (network != null && !network.isEmpty()) {
      command.addAll(List.of("--network", network));
    }
    addBase(command, "BASE_IMAGE");
    addBase(command, "MAVEN_IMAGE");
    command.add(sources.toString());
    Docker.run(command.toArray(String[]::new));
  }

  private static void addBase(List<String> command, String argument) {
    String image = System.getenv("SKIFF_" + argument);
    if (image != null && !image.isEmpty()) {
      command.addAll(List.of("--build-arg", argument + "=" + image));
    }
  }
}
