package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads JSON in the plainest way: Jackson's tokens into a tree, and the tree's leaves into bytes
 * with what the JDK has. Only for texts that another reader took.
 */
final class ReferenceReader {
  private static final JsonFactory JSON = new JsonFactory();

  private ReferenceReader() {}

  /** A string, a number or a truth value, as it is written. */
  record Leaf(JsonToken token, String text) {}

  /** A text as {@link Map}s, {@link List}s and {@link Leaf}s. */
  static Object tree(byte[] bytes, int offset, int length) {
    try (JsonParser json = JSON.createParser(bytes, offset, length)) {
      json.nextToken();
      return value(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object value(JsonParser json) throws IOException {
    return switch (json.currentToken()) {
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(json));
        }
        yield list;
      }
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
          String name = json.currentName();
          json.nextToken();
          map.put(name, value(json));
        }
        yield map;
      }
      default -> new Leaf(json.currentToken(), json.getText());
    };
  }

  /** The values of a key, from each of the objects that has it. */
  static List<Object> values(List<?> objects, String key) {
    return objects.stream().<Object>map(object -> at(object, key)).toList();
  }

  /** The value of a key that an object has. */
  static Object at(Object object, String key) {
    Object value = ((Map<?, ?>) object).get(key);
    if (value == null) {
      throw new AssertionError("no " + key);
    }
    return value;
  }

  /** The shape of nested arrays. */
  static Shape shape(Object value) {
    Stream.Builder<Integer> lengths = Stream.builder();
    Object inner = value;
    while (inner instanceof List<?> list) {
      lengths.add(list.size());
      inner = list.isEmpty() ? "" : list.getFirst();
    }
    return Shape.of(lengths.build().mapToLong(Integer::longValue).toArray());
  }

  /** The elements of nested arrays as a tensor has them. */
  static byte[] bytes(Object value, Datatype datatype) {
    return switch (value) {
      case List<?> list -> {
        List<byte[]> parts = list.stream().<byte[]>map(part -> bytes(part, datatype)).toList();
        ByteBuffer all = ByteBuffer.allocate(parts.stream().mapToInt(part -> part.length).sum());
        parts.forEach(all::put);
        yield all.array();
      }
      case Leaf leaf -> bytes(leaf, datatype);
      default -> throw new AssertionError("no element: " + value);
    };
  }

  private static byte[] bytes(Leaf leaf, Datatype datatype) {
    return switch (datatype) {
      case FP32 -> element(4).putFloat(Float.parseFloat(leaf.text())).array();
      case FP64 -> element(8).putDouble(Double.parseDouble(leaf.text())).array();
      case BOOL -> new byte[] {(byte) (leaf.token() == JsonToken.VALUE_TRUE ? 1 : 0)};
      case BYTES -> {
        byte[] utf8 = leaf.text().getBytes(StandardCharsets.UTF_8);
        yield element(4 + utf8.length).putInt(utf8.length).put(utf8).array();
      }
      case INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64 -> {
        byte[] eight = element(8).putLong(new BigInteger(leaf.text()).longValue()).array();
        yield Arrays.copyOf(eight, datatype.byteSize());
      }
      case FP16, BF16 -> throw new AssertionError("no JSON form");
    };
  }

  private static ByteBuffer element(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
