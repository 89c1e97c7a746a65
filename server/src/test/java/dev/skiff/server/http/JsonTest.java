package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.text;
import static dev.skiff.server.http.Fixtures.tree;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonParser;
import dev.skiff.server.http.Exchange.Body;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

  @Test
  void readsOneValue() {
    assertThat(Json.<String>read(body("\"a\""), JsonParser::getText)).isEqualTo("a");
    assertThat(Json.<Integer>read(body(" \t\r\n 7 \t\r\n "), JsonParser::getIntValue)).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n\t "})
  void refusesAnEmptyBody(String text) {
    assertInvalid(() -> skip(text)).isEqualTo("the body is empty, expected JSON");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"[1] 2 | 4", "{} {} | 3", "[1]] | 3", "[1]x | 3", "1 ,2 | 2", "[1],| 3"})
  void refusesWhatFollowsTheValue(String text, int at) {
    assertInvalid(() -> skip(text)).contains("at byte " + at);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[01]",
        "[0x10]",
        "[1e]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "['a']",
        "[tru]",
        "[TRUE]",
        "// no\n1",
        "/* no */1",
        "# no\n1",
        "[\"\n\"]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[1_000]",
        "[\u00a01]"
      })
  void refusesWhatIsNotJson(String text) {
    assertInvalid(() -> skip(text))
        .startsWith("the body is not valid JSON: ")
        .contains(" at byte ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"a\":1,\"a\":1}", "[{\"b\":[{\"a\":1,\"a\":2}]}]", "{\"a\":1,\"\\u0061\":1}"})
  void refusesDuplicateKeys(String text) {
    assertInvalid(() -> skip(text)).contains("Duplicate").contains("'a'");
  }

  @Test
  void refusesDepth() {
    assertThat(Json.<Boolean>read(body("[".repeat(64) + "]".repeat(64)), JsonTest::skip)).isTrue();
    assertInvalid(() -> skip("[".repeat(65) + "]".repeat(65))).contains("depth");
    assertInvalid(() -> skip("[".repeat(100_000))).contains("depth");
    assertInvalid(() -> skip("{\"a\":".repeat(100_000))).contains("depth");
  }

  @Test
  void refusesLongNumbers() {
    assertInvalid(() -> skip("[" + "1".repeat(5_000) + "]")).contains("length (5000)");
    assertInvalid(() -> skip("[0." + "1".repeat(5_000) + "]")).contains("length (5001)");
    assertInvalid(() -> skip("[" + "1".repeat(500_000) + "]")).contains("more than 65536");
    assertInvalid(() -> skip("[1e" + "1".repeat(500_000) + "]")).contains("more than 65536");
  }

  @Test
  void refusesManyKeysOfAnObject() {
    assertThat(Json.<Boolean>read(body("[" + object("o", 1_000) + "]"), JsonTest::skip)).isTrue();
    assertInvalid(() -> skip("[" + object("o", 1_001) + "]"))
        .isEqualTo("more than 1000 keys, at byte 8892");
  }

  @Test
  void refusesManyDifferentKeys() {
    String one = object("one", 1);
    assertThat(
            Json.<Boolean>read(body("[" + (one + ",").repeat(1_500) + one + "]"), JsonTest::skip))
        .isTrue();
    String different =
        IntStream.range(0, 1_100)
            .mapToObj(i -> object("different" + i + "-", 1))
            .collect(Collectors.joining(",", "[", "]"));
    assertInvalid(() -> skip(different)).startsWith("more than 1000 keys, at byte ");
  }

  @Test
  void refusesLongKeys() {
    assertThat(Json.<Boolean>read(body("{\"" + "k".repeat(256) + "\":1}"), JsonTest::skip))
        .isTrue();
    assertInvalid(() -> skip("{\"" + "k".repeat(257) + "\":1}")).contains("Name length");
    assertInvalid(() -> skip("{\"" + "\u00e9".repeat(50_000) + "\":1}")).contains("Name length");
  }

  /** Keys with that prefix. */
  private static String object(String prefix, int keys) {
    return IntStream.range(0, keys)
        .mapToObj(i -> "\"" + prefix + i + "\":1")
        .collect(Collectors.joining(",", "{", "}"));
  }

  @Test
  void refusesLongStrings() {
    String longest = "\"" + "\u00e9".repeat(BoundedText.LONGEST) + "\"";
    String longer = "\"" + "\u00e9".repeat(BoundedText.LONGEST + 1) + "\"";
    assertThat(Json.<String>read(body(longest), json -> Json.string(json, "it"))).hasSize(65_536);
    assertInvalid(() -> Json.read(body(longer), json -> Json.string(json, "it")))
        .isEqualTo("a string or a number has more than 65536 characters");
    assertThat(Json.<String>read(body(longer), Json::element)).hasSize(65_537);
    List<String> both =
        Json.read(
            body("[" + longer + "," + longest + "]"),
            json -> {
              json.nextToken();
              String first = Json.element(json);
              json.nextToken();
              String second = Json.string(json, "it");
              json.nextToken();
              return List.of(first, second);
            });
    assertThat(both).extracting(String::length).containsExactly(65_537, 65_536);
  }

  @ParameterizedTest
  @CsvSource({
    "ff, 1", // never a byte of UTF-8
    "80, 1", // a continuation out of nowhere
    "c3, 1", // cut short by the quote
    "c0af, 1", // an overlong slash
    "e080af, 1",
    "f08080af, 1",
    "eda080, 1", // encoded surrogates
    "edbfbf, 1",
    "f4908080, 1", // beyond U+10FFFF
    "f5808080, 1",
    "fe, 1",
    "e282, 1",
    "61c3a9ff, 4",
  })
  void refusesMalformedUtf8(String hex, int at) {
    byte[] string = HexFormat.of().parseHex("22" + hex + "22");
    assertInvalid(() -> Json.read(body(string), JsonTest::skip))
        .isEqualTo("the body is not valid UTF-8 at byte " + at);
  }

  @Test
  void findsMalformedUtf8FarBehind() {
    byte[] text = ("\"" + "\u00e9".repeat(20_000) + "x\"").getBytes(StandardCharsets.UTF_8);
    text[40_001] = (byte) 0xff;
    assertInvalid(() -> Json.read(body(text), JsonTest::skip)).contains("at byte 40001");
  }

  @Test
  void readsOnlyUtf8() {
    assertInvalid(() -> Json.read(body("[1]".getBytes(StandardCharsets.UTF_16BE)), JsonTest::skip));
    assertInvalid(() -> Json.read(body("[1]".getBytes(StandardCharsets.UTF_16LE)), JsonTest::skip));
    byte[] utf32 = HexFormat.of().parseHex("0000005b000000310000005d");
    assertInvalid(() -> Json.read(body(utf32), JsonTest::skip));
  }

  @Test
  void saysWhatCameInstead() {
    assertThat(got("{}")).isEqualTo("expected it, got an object at byte 0");
    assertThat(got(" []")).isEqualTo("expected it, got an array at byte 1");
    assertThat(got("\"secret\"")).isEqualTo("expected it, got a string at byte 0");
    assertThat(got("null")).isEqualTo("expected it, got null at byte 0");
    assertThat(got("true")).isEqualTo("expected it, got true at byte 0");
    assertThat(got("-1.50")).isEqualTo("expected it, got -1.50 at byte 0");
  }

  @Test
  void writesUtf8() {
    Body written = Json.write(json -> json.writeString("\u00e9\ud83d\ude00\u0000\""));
    assertThat(text(written)).startsWith("\"\u00e9").endsWith("\\u0000\\\"\"");
    assertThat(tree(written).textValue()).isEqualTo("\u00e9\ud83d\ude00\u0000\"");
  }

  @Test
  void leavesNothingTakenWhereItFails() {
    long free = ReplyBufferTest.free();
    assertThatThrownBy(
            () ->
                Json.write(
                    json -> {
                      json.writeString("x".repeat(100_000));
                      throw new IOException("broken");
                    }))
        .isInstanceOf(UncheckedIOException.class);
    assertThat(ReplyBufferTest.free()).isEqualTo(free);
  }

  @Test
  void hidesNoIoError() {
    assertThatThrownBy(
            () ->
                Json.write(
                    json -> {
                      throw new IOException("broken");
                    }))
        .isInstanceOf(UncheckedIOException.class);
  }

  private static String got(String text) {
    return Json.read(
        body(text),
        json -> {
          String reason = Json.unexpected(json, "it").reason();
          json.skipChildren();
          return reason;
        });
  }

  private static void skip(String text) {
    Json.read(body(text), JsonTest::skip);
  }

  private static Boolean skip(JsonParser json) throws IOException {
    json.skipChildren();
    return true;
  }
}
