package dev.skiff.image;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * Completes the software bill of materials of the build (CycloneDX, jars only) to that of the
 * image: adds the native libraries and the Java runtime. Gives the same bytes for the same input.
 *
 * <p>Arguments: the build's {@code bom.json}, the folder of native libraries, the file to write.
 * The Java runtime that it names is the one that it runs on.
 */
public final class Sbom {
  private Sbom() {}

  public static void main(String[] arguments) throws IOException {
    complete(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]));
  }

  static void complete(Path bom, Path natives, Path out) throws IOException {
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
    license(runtime, "GPL-2.0-with-classpath-exception");
    try (Stream<Path> files = Files.list(natives)) {
      for (Path file : files.sorted().toList()) {
        ObjectNode library = components.addObject();
        library.put("type", "file");
        library.put("name", file.getFileName().toString());
        ObjectNode hash = library.putArray("hashes").addObject();
        hash.put("alg", "SHA-256");
        hash.put("content", sha256(file));
        license(library, "MIT");
      }
    }
    Files.write(out, List.of(mapper.writeValueAsString(root)));
  }

  private static void license(ObjectNode component, String id) {
    component.putArray("licenses").addObject().putObject("license").put("id", id);
  }

  static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
