package dev.skiff.server.config;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A configuration file: one JSON object, each key once, nothing after it. The tree is built here
 * and not by an ObjectMapper, which would bring 350 classes into every cold start.
 */
final class JsonFile {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private JsonFile() {}

  /**
   * Reads the object.
   *
   * @param name what messages call the file
   * @throws ConfigException if it cannot be read or is not a JSON object
   */
  static JsonNode read(Path file, String name) {
    JsonFactory factory =
        JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (JsonParser json = factory.createParser(Files.readAllBytes(file))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new ConfigException(name + ": expected a JSON object");
      }
      JsonNode root = node(json);
      if (json.nextToken() != null) {
        throw new ConfigException(name + ": not JSON: it goes on after its object");
      }
      return root;
    } catch (JsonProcessingException e) {
      throw new ConfigException(
          "%s: not JSON: %s, at line %d, column %d"
              .formatted(
                  name,
                  e.getOriginalMessage(),
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr()));
    } catch (IOException e) {
      throw new ConfigException(name + ": " + ConfigException.unreadable(e));
    }
  }

  private static JsonNode node(JsonParser json) throws IOException {
    return switch (json.currentToken()) {
      case START_OBJECT -> {
        ObjectNode object = NODES.objectNode();
        while (json.nextToken() != JsonToken.END_OBJECT) {
          String key = json.currentName();
          json.nextToken();
          object.set(key, node(json));
        }
        yield object;
      }
      case START_ARRAY -> {
        ArrayNode array = NODES.arrayNode();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          array.add(node(json));
        }
        yield array;
      }
      case VALUE_NUMBER_INT -> NODES.numberNode(json.getBigIntegerValue());
      case VALUE_NUMBER_FLOAT -> NODES.numberNode(json.getDecimalValue());
      case VALUE_TRUE -> NODES.booleanNode(true);
      case VALUE_FALSE -> NODES.booleanNode(false);
      case VALUE_NULL -> NODES.nullNode();
      default -> NODES.textNode(json.getText());
    };
  }
}
