package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.config.TlsConfig;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that speaks TLS. */
@BothDoors
@Timeout(240)
class TlsIT {
  private static final String PREDICT = "/predict/identity-fp32";

  private static Authority authority;
  private static SSLContext trusting;

  /** The server's certificate and key. */
  private static Path file;

  @BeforeAll
  static void sign(@TempDir Path folder) throws Exception {
    authority = new Authority(folder);
    authority.signServer("server", "EC");
    file = authority.together("server");
    trusting = authority.client(Stream.empty(), "");
  }

  private static TestServer start(Door door, String... flags) {
    return door.start(
        TestServer.FIXTURES,
        Stream.concat(Stream.of("--tls-cert=" + file), Stream.of(flags)).toArray(String[]::new));
  }

  @Test
  void answersLargeAndSmall(Door door) throws Exception {
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(trusting, server)) {
      assertThat(client.post(PREDICT, "[1,2,3]").body())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
      String rows = rows(100_000);
      assertThat(client.post(PREDICT, "{\"instances\":" + rows + "}").body())
          .isEqualTo("{\"predictions\":" + rows + "}");
      HttpResponse<String> refused = client.post(PREDICT, "[1,");
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.body()).contains("INVALID_ARGUMENT");
      assertThat(client.get("/metrics").statusCode()).isEqualTo(200);
      assertThat(client.get("/health/ready").statusCode()).isEqualTo(200);
    }
  }

  /** The requests come in as few records as they fit in, and the replies in their order. */
  @ParameterizedTest
  @ValueSource(ints = {2, 1000})
  void answersPipelinedRequestsInOrder(int count, Door door) throws Exception {
    StringBuilder requests = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String body = "[%d,2,3]".formatted(i);
      requests.append(
          "POST /predict/identity-fp32 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(body.length(), body));
    }
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(trusting, server);
        SSLSocket socket = client.connect()) {
      Thread writer =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      socket
                          .getOutputStream()
                          .write(requests.toString().getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException e) {
                      // Whoever reads misses an answer.
                    }
                  });
      InputStream in = new BufferedInputStream(socket.getInputStream());
      for (int i = 0; i < count; i++) {
        assertThat(TestServer.head(in)).startsWith("HTTP/1.1 200 OK");
        String expected = "{\"prediction\":[%d.0,2.0,3.0]}".formatted(i);
        assertThat(new String(in.readNBytes(expected.length()), StandardCharsets.US_ASCII))
            .isEqualTo(expected);
      }
      writer.join();
    }
  }

  /** Replies wait in the server while a client does not read, and none of them is lost. */
  @Test
  void waitsForAClientThatDoesNotRead(Door door) throws Exception {
    String rows = rows(300_000);
    byte[] request =
        "POST /predict/identity-fp32 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n{\"instances\":%s}"
            .formatted(rows.length() + 14, rows)
            .getBytes(StandardCharsets.US_ASCII);
    String expected = "{\"predictions\":" + rows + "}";
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(trusting, server);
        SSLSocket slow = client.connect()) {
      for (int i = 0; i < 2; i++) {
        slow.getOutputStream().write(request);
        // Another connection shows that the server is past this one.
        assertThat(client.post(PREDICT, "[1,2,3]").statusCode()).isEqualTo(200);
        InputStream in = slow.getInputStream();
        assertThat(TestServer.head(in)).startsWith("HTTP/1.1 200 OK");
        assertThat(new String(in.readNBytes(expected.length()), StandardCharsets.US_ASCII))
            .isEqualTo(expected);
      }
    }
  }

  /** Nothing moves on the connection meanwhile, but that is the server's doing. */
  @Test
  void aLongRunIsNotIdle(Door door) throws Exception {
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(trusting, server)) {
      // The first handshake of a JVM takes long.
      assertThat(client.post(PREDICT, "[1,2,3]").statusCode()).isEqualTo(200);
    }
    try (TestServer server = start(door, "--idle-timeout=1s");
        TlsClient client = new TlsClient(trusting, server)) {
      long nanos = 0;
      for (int iterations = 4_000_000; nanos < 1_500_000_000; iterations *= 2) {
        String body = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}".formatted(iterations);
        long start = System.nanoTime();
        assertThat(client.post("/predict/slow", body).statusCode()).isEqualTo(200);
        nanos = System.nanoTime() - start;
      }
    }
  }

  @Test
  void speaksNothingOlderAndNothingPlain(Door door) throws Exception {
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(trusting, server)) {
      for (String version : new String[] {"TLSv1.2", "TLSv1.3"}) {
        try (SSLSocket socket = client.connect()) {
          socket.setEnabledProtocols(new String[] {version});
          socket.startHandshake();
          assertThat(socket.getSession().getProtocol()).isEqualTo(version);
          assertThat(socket.getSession().getCipherSuite()).contains("_GCM_");
        }
      }
      assertThat(
              new Tls(new TlsConfig(file, file, Optional.empty()))
                  .getSslContextFactory()
                  .getIncludeProtocols())
          .containsExactlyInAnyOrder("TLSv1.2", "TLSv1.3");
      for (String path :
          List.of("/health/live", "/health/ready/", "/predict/identity-fp32", "/v2")) {
        assertThat(server.raw("GET " + path + " HTTP/1.1\nHost: a\nConnection: close\n\n"))
            .isEmpty();
      }
    }
  }

  /** As the container's health check asks, which has neither the time for TLS nor a certificate. */
  @Test
  void saysInPlainWhetherItIsReady(Door door, @TempDir Path folder) throws Exception {
    String question = "GET /health/ready HTTP/1.0\nHost: localhost\n\n";
    String headers = "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    try (TestServer server = start(door)) {
      assertThat(server.raw(question)).isEqualTo("HTTP/1.1 200 OK" + headers);
    }
    try (TestServer server = start(door, "--tls-client-ca=" + authority.certificate())) {
      assertThat(server.raw(question)).isEqualTo("HTTP/1.1 200 OK" + headers);
    }
    try (TestServer empty = door.start(folder, "--tls-cert=" + file)) {
      assertThat(empty.raw(question)).isEqualTo("HTTP/1.1 503 Service Unavailable" + headers);
    }
  }

  private static String rows(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "[" + i + ".5,2.0,3.0]")
        .collect(Collectors.joining(",", "[", "]"));
  }
}
