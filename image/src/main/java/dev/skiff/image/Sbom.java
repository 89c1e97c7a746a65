package dev.skiff.image;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Completes the software bill of materials of the build (CycloneDX, jars only) to that of the
 * image: adds the native libraries and the Java runtime. Gives the same bytes for the same input.
 *
 * <p>Arguments: the build's {@code bom.json}, the folder of native libraries, the file to write,
 * and the folder of NVIDIA's libraries where there is one. The Java runtime that it names is the
 * one that it runs on.
 */
public final class Sbom {
  private Sbom() {}

  public static void main(String[] arguments) throws IOException {
    complete(
        Path.of(arguments[0]),
        Path.of(arguments[1]),
        Path.of(arguments[2]),
        Stream.of(arguments).skip(3).map(Path::of).findFirst());
  }

  static void complete(Path bom, Path natives, Path out, Optional<Path> nvidia) throws IOException {
    ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    ObjectNode root = (ObjectNode) mapper.readTree(Files.readAllBytes(bom));
    // The time of the build would make every image another one.
    ((ObjectNode) root.path("metadata")).remove("timestamp");
    ArrayNode components = root.withArray("components");
    // "platform" would be the word, but scanners look for vulnerabilities of frameworks, not of
    // platforms, and they know Java by its CPE.
    String version = System.getProperty("java.version");
    ObjectNode runtime = components.addObject();
    runtime.put("type", "framework");
    runtime.put("publisher", System.getProperty("java.vendor"));
    runtime.put("name", "openjdk");
    runtime.put("version", version);
    runtime.put("cpe", "cpe:2.3:a:oracle:openjdk:" + version + ":*:*:*:*:*:*:*");
    license(runtime, "id", "GPL-2.0-with-classpath-exception");
    addLibraries(components, natives, "id", "MIT");
    if (nvidia.isPresent()) {
      addLibraries(components, nvidia.get(), "name", "NVIDIA CUDA Toolkit EULA");
    }
    Files.write(out, List.of(mapper.writeValueAsString(root)));
  }

  /** Lists the libraries of a folder under a licence, by its SPDX id or by its name. */
  private static void addLibraries(ArrayNode components, Path folder, String key, String license)
      throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(Sbom::isLibrary).sorted().toList()) {
        ObjectNode library = components.addObject();
        library.put("type", "file");
        library.put("name", file.getFileName().toString());
        ObjectNode hash = library.putArray("hashes").addObject();
        hash.put("alg", "SHA-256");
        hash.put("content", sha256(file));
        license(library, key, license);
      }
    }
  }

  private static boolean isLibrary(Path file) {
    return file.getFileName().toString().contains(".so");
  }

  private static void license(ObjectNode component, String key, String license) {
    component.putArray("licenses").addObject().putObject("license").put(key, license);
  }

  static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      var digest = new DigestInputStream(in, MessageDigest.getInstance("SHA-256"));
      digest.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
