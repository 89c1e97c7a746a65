package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** JSON texts from and to bytes, with strict rules for what comes in. */
final class Json {
  static final String CONTENT_TYPE = "application/json";

  /** More than any tensor's rank; deeper texts are refused before they can cost anything. */
  static final int DEEPEST = 64;

  /** The most bytes of a key. */
  private static final int LONGEST_KEY = 256;

  /** The bits of eight bytes that plain ASCII has not. */
  private static final long NOT_ASCII = 0x8080_8080_8080_8080L;

  private static final VarHandle EIGHT_BYTES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private static final Pattern FURTHER =
      Pattern.compile(
          "(?s)(, from `[^`]*`(?=\\))| ?: enable `[^`]*` to allow| \\(start marker at .*|\n.*)");

  private static final TensorJsonFactory FACTORY =
      new TensorJsonFactory(
          new JsonFactoryBuilder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(DEEPEST)
                      .maxNameLength(LONGEST_KEY)
                      .build())
              // Keys come from clients: nothing of them stays in the JVM's table of strings.
              .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
              .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
              .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER));

  private Json() {}

  /** Reads one value; the parser stands on its first token when called, on its last afterwards. */
  interface Reader<T> {
    T read(TensorParser json) throws IOException;
  }

  /** Writes one value. */
  interface Writer {
    void write(JsonGenerator json) throws IOException;
  }

  /**
   * Reads a body that is exactly one JSON text in UTF-8.
   *
   * @throws InferenceException INVALID_ARGUMENT with the place if it is not
   */
  static <T> T read(Body body, Reader<T> reader) {
    checkUtf8(body);
    int start = body.offset();
    int end = start + body.length();
    try (TensorParser json = FACTORY.createParser(body.bytes(), start, end, 0)) {
      if (json.nextToken() == null) {
        throw InferenceException.invalid("the body is empty, expected JSON");
      }
      T value = reader.read(json);
      if (json.nextToken() != null) {
        throw InferenceException.invalid(
            "the body goes on after its JSON text ended, at byte " + start(json));
      }
      return value;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * Reads one value within a body that was passed over before. Jackson finds some errors only now:
   * numbers of too many digits.
   *
   * @param start the value's first byte
   */
  static <T> T readAgain(Body body, int start, Reader<T> reader) {
    int end = body.offset() + body.length();
    try (TensorParser json =
        FACTORY.createParser(body.bytes(), body.offset() + start, end, start)) {
      json.nextToken();
      return reader.read(json);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static RuntimeException failed(IOException e) {
    return e instanceof JsonProcessingException malformed
        ? InferenceException.invalid(
            "the body is not valid JSON: "
                + plain(malformed.getOriginalMessage())
                + place(malformed))
        : new UncheckedIOException(e);
  }

  /** Where the token that the parser stands on begins. */
  static int start(JsonParser json) {
    return (int) json.currentTokenLocation().getByteOffset();
  }

  /**
   * The string that the parser stands on, an element of a tensor: the limit on the body is the
   * limit on it.
   *
   * @throws InferenceException INVALID_ARGUMENT if it has half of a surrogate pair
   */
  static String element(TensorParser json) throws IOException {
    return checked(json.longText(), json);
  }

  /** A string, if UTF-8 can carry it. */
  private static String checked(String text, JsonParser json) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (i + 1 == text.length()
            || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
          throw InferenceException.invalid(
              "a string has half of a surrogate pair, at byte " + start(json));
        }
        i++;
      }
    }
    return text;
  }

  /**
   * The string that the parser stands on, which is no element of a tensor.
   *
   * @param what what it is, for the error if there is something else
   * @throws InferenceException INVALID_ARGUMENT if there is something else, if it is longer than
   *     {@link BoundedText} has it, or has half of a surrogate pair
   */
  static String string(JsonParser json, String what) throws IOException {
    expect(json, JsonToken.VALUE_STRING, "a string for " + what);
    return checked(json.getText(), json);
  }

  /** Checks that the parser stands on a token of this kind. */
  static void expect(JsonParser json, JsonToken token, String what) throws IOException {
    if (json.currentToken() != token) {
      throw unexpected(json, what);
    }
  }

  /** The value of a field, which may not be missing. */
  static <T> T required(@Nullable T value, String owner, String field) {
    if (value == null) {
      throw InferenceException.invalid(owner + " has no \"" + field + "\"");
    }
    return value;
  }

  /** Bytes that hold one JSON text, in memory that is used again once they are released. */
  static Body write(Writer writer) {
    ReplyBuffer bytes = ReplyBuffer.take();
    boolean isWhole = false;
    try {
      try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
        writer.write(json);
      }
      isWhole = true;
      return bytes.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (!isWhole) {
        bytes.giveBack();
      }
    }
  }

  /** The error for a token of the wrong kind. */
  static InferenceException unexpected(JsonParser json, String expected) throws IOException {
    JsonToken token = json.currentToken();
    String got =
        switch (token) {
          case START_OBJECT, END_OBJECT -> "an object";
          case START_ARRAY, END_ARRAY -> "an array";
          case VALUE_STRING -> "a string";
          case VALUE_NULL -> "null";
          case VALUE_TRUE, VALUE_FALSE, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> json.getText();
          case FIELD_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE -> "a " + token;
        };
    return InferenceException.invalid(
        "expected %s, got %s at byte %d".formatted(expected, got, start(json)));
  }

  /** Jackson lets some malformed UTF-8 pass, so what is not plain ASCII is checked first. */
  private static void checkUtf8(Body body) {
    byte[] bytes = body.bytes();
    int end = body.offset() + body.length();
    int at = body.offset();
    while (at <= end - Long.BYTES && ((long) EIGHT_BYTES.get(bytes, at) & NOT_ASCII) == 0) {
      at += Long.BYTES;
    }
    while (at < end && bytes[at] >= 0) {
      at++;
    }
    if (at == end) {
      return;
    }
    ByteBuffer in = ByteBuffer.wrap(bytes, at, end - at);
    CharBuffer out = CharBuffer.allocate(Math.min(in.remaining(), 8192));
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    CoderResult result;
    do {
      out.clear();
      result = decoder.decode(in, out, true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw InferenceException.invalid(
          "the body is not valid UTF-8 at byte " + (in.position() - body.offset()));
    }
  }

  /** Where it went wrong; what is over a limit of Jackson's comes without a place. */
  private static String place(JsonProcessingException e) {
    JsonLocation location = e.getLocation();
    return location == null ? "" : " at byte " + location.getByteOffset();
  }

  /** What Jackson said, without the further lines, places and settings in Java that it may add. */
  private static String plain(String message) {
    return FURTHER.matcher(message).replaceAll("");
  }
}
