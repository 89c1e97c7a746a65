package dev.skiff.server.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A configuration file: one JSON object, each key once, nothing after it. */
final class JsonFile {
  private JsonFile() {}

  /**
   * Reads the object.
   *
   * @param name what messages call the file
   * @throws ConfigException if it cannot be read or is not a JSON object
   */
  static JsonNode read(Path file, String name) {
    ObjectMapper mapper =
        JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    try {
      JsonNode root = mapper.readTree(Files.readAllBytes(file));
      if (!root.isObject()) {
        throw new ConfigException(name + ": expected a JSON object");
      }
      return root;
    } catch (JsonProcessingException e) {
      throw new ConfigException(name + ": not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new ConfigException(name + ": cannot be read");
    }
  }
}
