package dev.skiff.image;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The image that all tests look at: the one that {@code -Dskiff.image=NAME} names, else one that is
 * built from Dockerfile.cpu, once.
 *
 * <p>It is built on the bases that the Dockerfile pins, or on those that the environment variables
 * SKIFF_BASE_IMAGE and SKIFF_MAVEN_IMAGE name where no registry can be reached.
 */
final class ImageUnderTest {
  private static final String BUILT = "skiff:image-test";

  private static @Nullable String name;

  private ImageUnderTest() {}

  static synchronized String name() {
    if (name == null) {
      String given = System.getProperty("skiff.image", "");
      if (given.isEmpty()) {
        build();
        name = BUILT;
      } else {
        Docker.run("image", "inspect", given);
        name = given;
      }
      System.out.println("image under test: " + name);
    }
    return name;
  }

  private static void build() {
    List<String> command = new ArrayList<>(List.of("build", "--file", "../Dockerfile.cpu"));
    command.addAll(List.of("--tag", BUILT));
    addBase(command, "BASE_IMAGE");
    addBase(command, "MAVEN_IMAGE");
    command.add("..");
    Docker.run(command.toArray(String[]::new));
  }

  private static void addBase(List<String> command, String argument) {
    String image = System.getenv("SKIFF_" + argument);
    if (image != null && !image.isEmpty()) {
      command.addAll(List.of("--build-arg", argument + "=" + image));
    }
  }
}
