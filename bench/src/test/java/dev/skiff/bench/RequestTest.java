package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestTest {
  private static final byte[] NO_BODY = {};

  @Test
  void aPostCarriesItsBody() throws UnknownHostException {
    Request request =
        Request.of(
            URI.create("http://127.0.0.1:8080/predict?version=2"),
            "POST",
            List.of("Accept: text/plain"),
            "application/json",
            "[1]".getBytes(StandardCharsets.UTF_8));

    assertThat(request.address().getPort()).isEqualTo(8080);
    assertThat(text(request))
        .isEqualTo(
            """
            POST /predict?version=2 HTTP/1.1\r
            Host: 127.0.0.1:8080\r
            Content-Type: application/json\r
            Content-Length: 3\r
            Accept: text/plain\r
            \r
            [1]\
            """);
  }

  @Test
  void aGetHasNoLengthAndAGivenHostReplacesOurs() throws UnknownHostException {
    Request request =
        Request.of(
            URI.create("http://127.0.0.1"), "GET", List.of("host: example.org"), "", NO_BODY);

    assertThat(request.address().getPort()).isEqualTo(80);
    assertThat(text(request)).isEqualTo("GET / HTTP/1.1\r\nhost: example.org\r\n\r\n");
  }

  @Test
  void everyViewOfTheBytesHasItsOwnPosition() throws UnknownHostException {
    Request request = Request.of(URI.create("http://127.0.0.1/"), "GET", List.of(), "", NO_BODY);

    request.bytes().get();
    assertThat(request.bytes().position()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "https://127.0.0.1/, GET, 'A: b'",
    "/predict, GET, 'A: b'",
    "http://127.0.0.1/, HEAD, 'A: b'",
    "http://127.0.0.1/, 'GET /', 'A: b'",
    "http://127.0.0.1/, GET, 'A b'",
    "http://127.0.0.1/, GET, ': b'",
  })
  void refusesWhatItCannotSend(String url, String method, String header) {
    assertThatThrownBy(() -> Request.of(URI.create(url), method, List.of(header), "", NO_BODY))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesASecondLineInAHeader() {
    List<String> headers = List.of("A: b\r\nC: d");

    assertThatThrownBy(
            () -> Request.of(URI.create("http://127.0.0.1/"), "GET", headers, "", NO_BODY))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String text(Request request) {
    return StandardCharsets.UTF_8.decode(request.bytes()).toString();
  }
}
