package dev.skiff.server.http;

import static dev.skiff.server.http.PlainRequest.Form.ODD;
import static dev.skiff.server.http.PlainRequest.Form.PART;
import static dev.skiff.server.http.PlainRequest.Form.WHOLE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpVersion;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainRequestTest {
  private static final String POST =
      "POST /predict/iris HTTP/1.1\r\nHost: a.b:80\r\ncontent-length: 4\r\n"
          + "User-Agent:  some (client) \r\nConnection: Keep-Alive\r\n\r\n[12]";
  private static final String GET = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";

  private final PlainRequest request = new PlainRequest();

  @Test
  void readsAPost() {
    assertThat(read("xx" + POST + GET, 2)).isEqualTo(WHOLE);
    assertThat(request.method()).isEqualTo("POST");
    assertThat(request.path()).isEqualTo("/predict/iris");
    assertThat(request.header("HOST")).isEqualTo("a.b:80");
    assertThat(request.header("User-Agent")).isEqualTo("some (client)");
    assertThat(request.header("User-Agen")).isNull();
    assertThat(request.isRepeated("Host")).isFalse();
    assertThat(body()).isEqualTo("[12]");
    assertThat(request.length()).isEqualTo(POST.length());
  }

  @Test
  void readsAGet() {
    assertThat(read(GET, 0)).isEqualTo(WHOLE);
    assertThat(request.method()).isEqualTo("GET");
    assertThat(request.path()).isEqualTo("/health");
    assertThat(body()).isEmpty();
  }

  @Test
  void forgetsTheLast() {
    read(POST, 0);
    read(GET, 0);
    assertThat(request.header("User-Agent")).isNull();
  }

  @Test
  void eachHasItsOwnPath() {
    for (String path : List.of("/a/b", "/a/c", "/a/", "/a/c", "/a/c", "/a/cd", "/")) {
      assertThat(read(GET.replace("/health", path), 0)).isEqualTo(WHOLE);
      assertThat(request.path()).isEqualTo(path);
    }
  }

  @Test
  void saysWhatWasRepeated() {
    assertThat(read(GET.replace("\r\n\r\n", "\r\nX: 1\r\nx: 2\r\n\r\n"), 0)).isEqualTo(WHOLE);
    assertThat(request.isRepeated("X")).isTrue();
    assertThat(request.header("X")).isEqualTo("1");
  }

  @Test
  void awaitsTheRest() {
    for (String whole : List.of(POST, GET)) {
      for (int length = 1; length < whole.length(); length++) {
        assertThat(read(whole.substring(0, length), 0)).as(whole, length).isEqualTo(PART);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "get /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health?x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%68ealth HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health;x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET  /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health HTTP/1.1\nHost: a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\n\n",
        "GET /health HTTP/1.1\r\nHost: a\r\n\rx",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: :80\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a:\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a:65536\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a:b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nX: \u00e4\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nX: \u0000\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
        "POST /predict HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n1",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n1",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n1",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n1",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 4294967297\r\n\r\n1",
        "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n1",
      })
  void leavesWhatIsOdd(String text) {
    assertThat(read(text, 0)).isEqualTo(ODD);
  }

  @Test
  void leavesManyHeaders() {
    assertThat(read(GET.replace("\r\n\r\n", "\r\n" + "X: 1\r\n".repeat(50) + "\r\n"), 0))
        .isEqualTo(ODD);
  }

  /** No request may mean one thing here and another to a proxy, or to Jetty. */
  @Test
  void readsNothingButWhatJettyReadsTheSameWay() {
    List<String> pieces =
        List.of(
            "\r\n",
            "\n",
            "\r",
            " ",
            "\t",
            ":",
            ",",
            ";",
            "?",
            "#",
            "%2f",
            "\0",
            "\u00ff",
            "/",
            "//",
            "/..",
            "0",
            "9",
            "-",
            "_",
            "[",
            "HTTP/1.0",
            "Host: b\r\n",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n",
            "X: y\r\n",
            "\r\n\r\n",
            "POST",
            "GET",
            "@",
            "a:b");
    Random random = new Random(20261121);
    int whole = 0;
    for (int i = 0; i < 50_000; i++) {
      StringBuilder text = new StringBuilder(random.nextBoolean() ? POST : GET);
      for (int edits = random.nextInt(1, 4); edits > 0; edits--) {
        int at = random.nextInt(text.length());
        int end = Math.min(text.length(), at + random.nextInt(3));
        text.replace(
            at, end, random.nextInt(4) == 0 ? "" : pieces.get(random.nextInt(pieces.size())));
      }
      if (assertReadAsJettyReads(text.toString())) {
        whole++;
      }
    }
    assertThat(whole).isGreaterThan(3_000);
  }

  /** Whether a request is taken; Jetty then takes it, too, and means the same by it. */
  boolean assertReadAsJettyReads(String text) {
    boolean isWhole = !text.isEmpty() && read(text, 0) == WHOLE;
    if (isWhole) {
      assertReadByJetty(text.substring(0, request.length()));
    }
    return isWhole;
  }

  private void assertReadByJetty(String text) {
    Seen seen = new Seen();
    HttpParser parser = new HttpParser(seen, 8 << 10, HttpCompliance.RFC9110);
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(ISO_8859_1));
    for (int i = 0; i < 10 && !seen.complete; i++) {
      parser.parseNext(bytes);
    }
    assertThat(seen.failure).as(text).isNull();
    assertThat(seen.complete).as(text).isTrue();
    assertThat(bytes.hasRemaining()).as(text).isFalse();
    assertThat(seen.start).as(text).isEqualTo(request.method() + " " + request.path());
    assertThat(seen.body.toString()).as(text).isEqualTo(body());
    for (HttpField field : seen.fields) {
      List<HttpField> same =
          seen.fields.stream().filter(f -> f.getName().equalsIgnoreCase(field.getName())).toList();
      // Jetty has names of its own for values that it knows: "keep-alive".
      assertThat(request.header(field.getName()))
          .as(text)
          .isEqualToIgnoringCase(same.getFirst().getValue());
      assertThat(request.isRepeated(field.getName())).as(text).isEqualTo(same.size() > 1);
    }
    assertThat(text.lines().takeWhile(line -> !line.isEmpty())).hasSize(seen.fields.size() + 1);
  }

  private PlainRequest.Form read(String text, int start) {
    ByteBuffer in = ByteBuffer.wrap(text.getBytes(ISO_8859_1)).position(start).slice();
    return request.read(in);
  }

  private String body() {
    return new String(request.bytes(), request.body(), request.bodyLength(), ISO_8859_1);
  }

  /** What Jetty's parser made of a request. */
  private static final class Seen implements HttpParser.RequestHandler {
    final List<HttpField> fields = new ArrayList<>();
    final StringBuilder body = new StringBuilder();
    String start = "";
    boolean complete;
    @Nullable Object failure;

    @Override
    public void startRequest(String method, String uri, HttpVersion version) {
      start = method + " " + uri;
    }

    @Override
    public void parsedHeader(HttpField field) {
      fields.add(field);
    }

    @Override
    public boolean content(ByteBuffer item) {
      body.append(ISO_8859_1.decode(item));
      return false;
    }

    @Override
    public boolean headerComplete() {
      return false;
    }

    @Override
    public boolean contentComplete() {
      return false;
    }

    @Override
    public boolean messageComplete() {
      complete = true;
      return true;
    }

    @Override
    public void badMessage(HttpException failed) {
      failure = failed;
    }

    @Override
    public void earlyEOF() {
      failure = "early end";
    }
  }
}
