package dev.skiff.server.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What can be seen of NVIDIA's driver and libraries without asking them. It explains a failure; it
 * decides nothing.
 *
 * @param deviceFiles whether there is a GPU's device file
 * @param driver the version of the kernel's driver, which a container sees also without a GPU
 * @param visibleDevices the variable NVIDIA_VISIBLE_DEVICES
 * @param libraries the names of NVIDIA's libraries where the loader looks, such as libcudart.so.12
 */
record Machine(
    boolean deviceFiles,
    Optional<String> driver,
    Optional<String> visibleDevices,
    SortedSet<String> libraries) {
  private static final Pattern DRIVER = Pattern.compile("Kernel Module.*?\\s(\\d+\\.\\d[\\d.]*)");
  private static final Pattern LIBRARY =
      Pattern.compile(
          "lib(cuda|cudart|cublas\\w*|cudnn\\w*|cufft|nvrtc|nvinfer|nvidia-ml)\\.so(\\.\\d+)*");

  private static final List<String> DEVICES =
      List.of("dev/nvidiactl", "dev/nvidia0", "dev/dxg"); // the last is WSL's

  private static final List<String> FOLDERS =
      List.of(
          "/usr/local/nvidia/lib64",
          "/usr/local/cuda/lib64",
          "/usr/lib/x86_64-linux-gnu",
          "/lib/x86_64-linux-gnu",
          "/usr/lib64",
          "/usr/lib",
          "/usr/lib/wsl/lib");

  /** Looks at the machine that this runs on. */
  static Machine look() {
    return look(Path.of("/"), System.getenv());
  }

  /** Looks at a machine whose files are below this folder. */
  static Machine look(Path root, Map<String, String> environment) {
    List<String> folders = new ArrayList<>(FOLDERS);
    for (String folder : environment.getOrDefault("LD_LIBRARY_PATH", "").split(":", -1)) {
      if (folder.startsWith("/")) {
        folders.add(folder);
      }
    }
    SortedSet<String> libraries = new TreeSet<>();
    folders.forEach(folder -> libraries.addAll(libraries(root.resolve(folder.substring(1)))));
    return new Machine(
        DEVICES.stream().anyMatch(device -> Files.exists(root.resolve(device))),
        driver(root.resolve("proc/driver/nvidia/version")),
        Optional.ofNullable(environment.get("NVIDIA_VISIBLE_DEVICES")),
        libraries);
  }

  /** Whether a library is there, of whatever version: "libcuda.so". */
  boolean has(String name) {
    return libraries.stream().anyMatch(library -> library.startsWith(name));
  }

  /** Says that a library is not there, and of which other version there is one. */
  String absence(String name, String major) {
    return libraries.stream()
        .filter(library -> library.startsWith(name + ".") && !library.startsWith(name + major))
        .findFirst()
        .map(other -> "only %s is here, where %s%s is needed".formatted(other, name, major))
        .orElse("%s%s is missing".formatted(name, major));
  }

  private static Optional<String> driver(Path file) {
    try {
      Matcher matcher = DRIVER.matcher(Files.readString(file));
      return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static List<String> libraries(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> LIBRARY.matcher(name).matches())
          .toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }
}
