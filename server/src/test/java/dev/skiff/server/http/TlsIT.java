package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.skiff.server.config.TlsConfig;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that speaks TLS. */
@BothDoors
@Timeout(120)
class TlsIT {
  @TempDir static Path shared;

  private static Authority authority;
  private static Authority stranger;
  private static SSLContext plain;

  @TempDir Path folder;

  private Path certificate;
  private Path key;

  @BeforeAll
  static void sign() throws Exception {
    authority = new Authority(shared.resolve("authority"));
    authority.signServer("first", "EC");
    authority.signServer("second", "RSA");
    authority.signClient("client");
    stranger = new Authority(shared.resolve("stranger"));
    stranger.signClient("client");
    plain = authority.client(Stream.empty(), "");
  }

  @BeforeEach
  void write() throws Exception {
    certificate = Files.writeString(folder.resolve("tls.crt"), authority.chain("first"));
    key = Files.writeString(folder.resolve("tls.key"), authority.key("first"));
  }

  private TestServer start(Door door, String... flags) {
    return door.start(
        TestServer.FIXTURES,
        Stream.concat(Stream.of("--tls-cert=" + certificate, "--tls-key=" + key), Stream.of(flags))
            .toArray(String[]::new));
  }

  @Test
  void answersLargeAndSmall(Door door) throws Exception {
    try (TestServer server = start(door);
        HttpClient client = client(plain)) {
      assertThat(post(client, server, "[1,2,3]").body())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
      String rows = rows(100_000);
      assertThat(post(client, server, "{\"instances\":" + rows + "}").body())
          .isEqualTo("{\"predictions\":" + rows + "}");
      HttpResponse<String> refused = post(client, server, "[1,");
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.body()).contains("INVALID_ARGUMENT");
      assertThat(get(client, server, "/metrics").statusCode()).isEqualTo(200);
      assertThat(get(client, server, "/health/ready").statusCode()).isEqualTo(200);
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
        SSLSocket socket = connect(plain, server)) {
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
        SSLSocket slow = connect(plain, server);
        HttpClient client = client(plain)) {
      for (int i = 0; i < 2; i++) {
        slow.getOutputStream().write(request);
        // The other client shows that the server is past this one.
        assertThat(post(client, server, "[1,2,3]").statusCode()).isEqualTo(200);
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
    try (TestServer server = start(door, "--idle-timeout=300ms");
        HttpClient client = client(plain)) {
      String body = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}".formatted(1_000_000);
      HttpRequest run =
          request(server, "/predict/slow").POST(BodyPublishers.ofString(body)).build();
      assertThat(client.send(run, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void speaksNothingOlderAndNothingPlain(Door door) throws Exception {
    try (TestServer server = start(door)) {
      for (String version : new String[] {"TLSv1.2", "TLSv1.3"}) {
        try (SSLSocket socket = connect(plain, server)) {
          socket.setEnabledProtocols(new String[] {version});
          socket.startHandshake();
          assertThat(socket.getSession().getProtocol()).isEqualTo(version);
          assertThat(socket.getSession().getCipherSuite()).contains("_GCM_");
        }
      }
      assertThat(new Tls(server(certificate, key)).getSslContextFactory().getIncludeProtocols())
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
  void saysInPlainWhetherItIsReady(Door door) throws Exception {
    String question = "GET /health/ready HTTP/1.0\nHost: localhost\n\n";
    String headers = "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    try (TestServer server = start(door)) {
      assertThat(server.raw(question)).isEqualTo("HTTP/1.1 200 OK" + headers);
    }
    try (TestServer server = start(door, "--tls-client-ca=" + authority.certificate())) {
      assertThat(server.raw(question)).isEqualTo("HTTP/1.1 200 OK" + headers);
    }
    Path models = Files.createDirectory(folder.resolve("models"));
    try (TestServer empty = door.start(models, "--tls-cert=" + certificate, "--tls-key=" + key)) {
      assertThat(empty.raw(question)).isEqualTo("HTTP/1.1 503 Service Unavailable" + headers);
    }
  }

  @Test
  void wantsACertificateOfAClientWhereThereIsAnAuthority(Door door) throws Exception {
    String flag = "--tls-client-ca=" + authority.certificate();
    try (TestServer server = start(door, flag, "--management-port=0");
        HttpClient known = client(authority.client(Stream.of(authority), "client"));
        HttpClient unknown = client(authority.client(Stream.of(stranger), "client"));
        HttpClient none = client(plain)) {
      assertThat(post(known, server, "[1,2,3]").statusCode()).isEqualTo(200);
      for (HttpClient other : List.of(unknown, none)) {
        assertThatIOException().isThrownBy(() -> post(other, server, "[1,2,3]"));
        assertThatIOException().isThrownBy(() -> get(other, server, "/health/live"));
      }
      // What probes can use.
      URI probe = URI.create("http://127.0.0.1:" + server.managementPort() + "/health/ready");
      assertThat(server.send(HttpRequest.newBuilder(probe)).status()).isEqualTo(200);
    }
  }

  @Test
  void certificatesChangeWhileItServes(Door door) throws Exception {
    try (TestServer server = start(door);
        SSLSocket before = connect(plain, server)) {
      assertThat(name(before)).isEqualTo("CN=first");
      replace(key, authority.key("second"));
      replace(certificate, authority.chain("second"));
      String name = "CN=first";
      while (!name.equals("CN=second")) {
        try (SSLSocket socket = connect(plain, server)) {
          name = name(socket);
        }
      }
      // A connection that is there stays.
      before
          .getOutputStream()
          .write(
              "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(TestServer.head(before.getInputStream())).startsWith("HTTP/1.1 200 OK");

      // A key of another certificate changes nothing.
      replace(key, authority.key("first"));
      long start = System.nanoTime();
      while (System.nanoTime() - start < 2 * ChangingFiles.PAUSE_NANOS) {
        try (SSLSocket socket = connect(plain, server)) {
          assertThat(name(socket)).isEqualTo("CN=second");
        }
      }
    }
  }

  @Test
  void aClientThatTrustsAnotherAuthorityDoesNotConnect(Door door) throws Exception {
    try (TestServer server = start(door);
        SSLSocket socket = connect(stranger.client(Stream.empty(), ""), server)) {
      assertThatIOException()
          .isThrownBy(socket::startHandshake)
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  private static String rows(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "[" + i + ".5,2.0,3.0]")
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static TlsConfig server(Path certificate, Path key) {
    return new TlsConfig(certificate, key, Optional.empty());
  }

  private void replace(Path file, String text) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String name(SSLSocket socket) throws IOException {
    X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
    return shown.getSubjectX500Principal().getName();
  }

  private static SSLSocket connect(SSLContext context, TestServer server) throws IOException {
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static HttpClient client(SSLContext context) {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(context).build();
  }

  private static HttpResponse<String> post(HttpClient client, TestServer server, String body)
      throws IOException, InterruptedException {
    return client.send(
        request(server, "/predict/identity-fp32").POST(BodyPublishers.ofString(body)).build(),
        BodyHandlers.ofString());
  }

  private static HttpResponse<String> get(HttpClient client, TestServer server, String path)
      throws IOException, InterruptedException {
    return client.send(request(server, path).build(), BodyHandlers.ofString());
  }

  private static HttpRequest.Builder request(TestServer server, String path) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path));
  }
}
