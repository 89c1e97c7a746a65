package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a reply tells a browser, and what it tells nobody. */
@BothDoors
class SecurityHeadersIT {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\nHost: a\n",
        "GET /console.js HTTP/1.1\nHost: a\n",
        "GET /health HTTP/1.1\nHost: a\n",
        "GET /metrics HTTP/1.1\nHost: a\n",
        "GET /v2/models/add HTTP/1.1\nHost: a\n",
        "GET /nope HTTP/1.1\nHost: a\n",
        "POST /predict/absent HTTP/1.1\nHost: a\nContent-Length: 0\n",
        "DELETE /health HTTP/1.1\nHost: a\n",
        "GET /%zz HTTP/1.1\nHost: a\n",
        "GET /a%2fb HTTP/1.1\nHost: a\n",
        "GET / HTTP/1.1\nHost: a\nHost: b\n",
        "GET / HTTP/9.9\nHost: a\n",
      })
  void noReplyNamesTheServerOrIsSniffedAt(String head, TestServer server) {
    Reply reply = Reply.parse(server.raw(head + "Connection: close\n\n"));

    assertThat(reply.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(reply.headers().map().keySet())
        .map(name -> name.toLowerCase(Locale.ROOT))
        .doesNotContain("server", "x-powered-by", "set-cookie", "location");
    assertThat(reply.headers().map().toString().toLowerCase(Locale.ROOT))
        .doesNotContain("jetty", "javalin", "java/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/console.js", "/console.css", "/openapi.json"})
  void thePagesRunNothingButTheirOwnFiles(String path, TestServer server) {
    Reply reply = server.get(path);

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("Content-Security-Policy"))
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe");
    assertThat(reply.header("Referrer-Policy")).isEqualTo("no-referrer");
  }

  /** A page of another origin may neither read a reply nor ask whether it might. */
  @Test
  void otherOriginsAreNotLetIn(TestServer server) {
    String origin = "Host: a\nOrigin: https://evil.example\nConnection: close\n\n";
    String preflight =
        "OPTIONS /predict/add HTTP/1.1\nAccess-Control-Request-Method: POST\n" + origin;
    for (String request : new String[] {preflight, "GET /health HTTP/1.1\n" + origin}) {
      Reply reply = Reply.parse(server.raw(request));
      assertThat(reply.headers().map().keySet())
          .noneMatch(name -> name.toLowerCase(Locale.ROOT).startsWith("access-control-"));
    }
    assertThat(Reply.parse(server.raw(preflight)).status()).isEqualTo(405);
  }
}
