package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestHeadersTest {
  private static final FakeExchange PLAIN = new FakeExchange("POST");

  @ParameterizedTest
  @ValueSource(strings = {"a", "0f3c-AB._:/+=", "00000000-0000-0000-0000-000000000000"})
  void repeatsAWellFormedRequestId(String id) {
    assertThat(RequestHeaders.requestId(FakeExchange.with("x-request-id", id))).isEqualTo(id);
    String longest = "a".repeat(128);
    assertThat(RequestHeaders.requestId(FakeExchange.with("X-Request-Id", longest)))
        .isEqualTo(longest);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\r\nb", "<a>", "\u00e9", "a;b", "\"a\""})
  void makesAnIdInPlaceOfAMalformedOne(String id) {
    String made = RequestHeaders.requestId(FakeExchange.with("X-Request-Id", id));
    assertThat(made).matches("[0-9a-f]{16}");
    assertThat(RequestHeaders.requestId(PLAIN)).matches("[0-9a-f]{16}").isNotEqualTo(made);
    assertThat(RequestHeaders.requestId(FakeExchange.with("X-Request-Id", "a".repeat(129))))
        .matches("[0-9a-f]{16}");
  }

  @Test
  void takesAWellFormedTraceContext() {
    String good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assertThat(RequestHeaders.traceparent(FakeExchange.with("traceparent", good))).isEqualTo(good);
    assertThat(RequestHeaders.traceparent(PLAIN)).isNull();
    for (String bad : new String[] {"", good.toUpperCase(Locale.ROOT), good + "-x", "00-1-2-3"}) {
      assertThat(RequestHeaders.traceparent(FakeExchange.with("traceparent", bad))).isNull();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "1000, 1000",
    "' 2500 ', 2500",
    "30000, 30000",
    "30001, 30000",
    "9223372036854775807, 30000"
  })
  void readsTheDeadline(String header, long millis) {
    long before = System.nanoTime();
    long end =
        RequestHeaders.deadline(
                FakeExchange.with("X-Request-Timeout-Ms", header), Duration.ofSeconds(30))
            .nanoTime();
    assertThat(end - before)
        .isBetween(millis * 1_000_000, millis * 1_000_000 + (System.nanoTime() - before));
  }

  @Test
  void hasADeadlineWithoutAHeader() {
    long left = RequestHeaders.deadline(PLAIN, Duration.ofMinutes(5)).remainingNanos();
    assertThat(Duration.ofNanos(left)).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-1", "1.5", "1s", "abc", "9223372036854775808", "0x10", "1,2"})
  void refusesAWrongDeadline(String header) {
    assertInvalid(
            () ->
                RequestHeaders.deadline(
                    FakeExchange.with("X-Request-Timeout-Ms", header), Duration.ofSeconds(30)))
        .contains("X-Request-Timeout-Ms")
        .contains("milliseconds")
        .contains("'" + header + "'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json; Charset = utf-8; x=y",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
      })
  void readsJsonTypes(String type) {
    RequestHeaders.checkJson(FakeExchange.with("Content-Type", type));
    RequestHeaders.checkJson(PLAIN);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "text/plain | Content-Type 'text/plain'",
        "application/octet-stream | Content-Type 'application/octet-stream'",
        "application/jsonp | Content-Type 'application/jsonp'",
        "multipart/form-data; boundary=x | Content-Type 'multipart/form-data'",
        "'' | Content-Type ''",
        "application/json; charset=iso-8859-1 | charset 'iso-8859-1'",
        "application/json; charset=utf-16 | charset 'utf-16'",
        "application/json; charset=\"latin1\" | charset 'latin1'",
      })
  void refusesOtherTypes(String type, String said) {
    assertRefused(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            () -> RequestHeaders.checkJson(FakeExchange.with("Content-Type", type)))
        .startsWith(said)
        .contains("expected ");
  }

  @Test
  void readsJsonWithTensorsBehindIt() {
    RequestHeaders.checkBinary(PLAIN);
    RequestHeaders.checkBinary(FakeExchange.with("Content-Type", "application/json"));
    RequestHeaders.checkBinary(FakeExchange.with("Content-Type", "Application/Octet-Stream"));
    assertRefused(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            () -> RequestHeaders.checkBinary(FakeExchange.with("Content-Type", "image/png")))
        .isEqualTo("Content-Type 'image/png' is not supported, expected application/octet-stream");
  }

  @Test
  void readsTheLengthOfTheJson() {
    assertThat(RequestHeaders.jsonLength(PLAIN)).isEmpty();
    for (long length : new long[] {0, 7, 99_999_999_999L, 999_999_999_999_999_999L}) {
      assertThat(RequestHeaders.jsonLength(jsonLength(Long.toString(length)))).hasValue(length);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "-1", "+1", "1.0", "abc", "0x10", "1,1", "1 1", "9999999999999999999"})
  void refusesAWrongLengthOfTheJson(String length) {
    assertInvalid(() -> RequestHeaders.jsonLength(jsonLength(length)))
        .isEqualTo(
            "Inference-Header-Content-Length must be a whole number of bytes of at least 0, got '"
                + length
                + "'");
    assertInvalid(() -> RequestHeaders.jsonLength(jsonLength("1", "1"))).contains("more than once");
  }

  private static FakeExchange jsonLength(String... values) {
    return FakeExchange.with("Inference-Header-Content-Length", values);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/*",
        "application/*",
        "application/json",
        "text/html, */*;q=0.1",
        "Application/JSON",
        "",
        " "
      })
  void answersWhoTakesJson(String accept) {
    RequestHeaders.checkAcceptsJson(FakeExchange.with("Accept", accept));
    RequestHeaders.checkAcceptsTensors(FakeExchange.with("Accept", accept));
    RequestHeaders.checkAcceptsJson(PLAIN);
    RequestHeaders.checkAcceptsTensors(PLAIN);
  }

  @Test
  void answersWhoTakesTensors() {
    FakeExchange binary = FakeExchange.with("Accept", "application/octet-stream");
    RequestHeaders.checkAcceptsTensors(binary);
    assertRefused(ErrorCode.NOT_ACCEPTABLE, () -> RequestHeaders.checkAcceptsJson(binary));
  }

  @ParameterizedTest
  @ValueSource(strings = {"text/html", "image/png, text/*", "application/xml"})
  void refusesWhoDoesNot(String accept) {
    assertRefused(
            ErrorCode.NOT_ACCEPTABLE,
            () -> RequestHeaders.checkAcceptsJson(FakeExchange.with("Accept", accept)))
        .contains(accept);
    assertRefused(
        ErrorCode.NOT_ACCEPTABLE,
        () -> RequestHeaders.checkAcceptsTensors(FakeExchange.with("Accept", accept)));
  }
}
