package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whom a server that speaks TLS and its clients trust. */
@BothDoors
@Timeout(240)
class TlsCertificatesIT {
  private static final String PREDICT = "/predict/identity-fp32";

  @TempDir static Path shared;

  private static Authority authority;
  private static Authority stranger;
  private static SSLContext trusting;

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
    trusting = authority.client(Stream.empty(), "");
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
  void wantsACertificateOfAClientWhereThereIsAnAuthority(Door door) throws Exception {
    String flag = "--tls-client-ca=" + authority.certificate();
    try (TestServer server = start(door, flag, "--management-port=0");
        TlsClient known = new TlsClient(authority.client(Stream.of(authority), "client"), server);
        TlsClient unknown = new TlsClient(authority.client(Stream.of(stranger), "client"), server);
        TlsClient none = new TlsClient(trusting, server)) {
      assertThat(known.post(PREDICT, "[1,2,3]").statusCode()).isEqualTo(200);
      for (TlsClient other : List.of(unknown, none)) {
        assertThatIOException().isThrownBy(() -> other.post(PREDICT, "[1,2,3]"));
        assertThatIOException().isThrownBy(() -> other.get("/health/live"));
      }
      // What probes can use.
      URI probe = URI.create("http://127.0.0.1:" + server.managementPort() + "/health/ready");
      assertThat(server.send(HttpRequest.newBuilder(probe)).status()).isEqualTo(200);
    }
  }

  @Test
  void certificatesChangeWhileItServes(Door door) throws Exception {
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(trusting, server);
        SSLSocket before = client.connect()) {
      assertThat(name(before)).isEqualTo("CN=first");
      replace(key, authority.key("second"));
      replace(certificate, authority.chain("second"));
      String name = "CN=first";
      while (!name.equals("CN=second")) {
        try (SSLSocket socket = client.connect()) {
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
        try (SSLSocket socket = client.connect()) {
          assertThat(name(socket)).isEqualTo("CN=second");
        }
      }
    }
  }

  @Test
  void theAuthorityOfClientsChangesWhileItServes(Door door) throws Exception {
    Path trusted = Files.copy(authority.certificate(), folder.resolve("clients.pem"));
    SSLContext before = authority.client(Stream.of(authority), "client");
    SSLContext after = authority.client(Stream.of(stranger), "client");
    try (TestServer server = start(door, "--tls-client-ca=" + trusted)) {
      assertThat(isServed(before, server)).isTrue();
      assertThat(isServed(after, server)).isFalse();
      replace(trusted, Files.readString(stranger.certificate()));
      while (!isServed(after, server)) {
        Thread.onSpinWait();
      }
      assertThat(isServed(before, server)).isFalse();

      // One that is no certificate changes nothing.
      replace(trusted, authority.key("first"));
      long start = System.nanoTime();
      while (System.nanoTime() - start < 2 * ChangingFiles.PAUSE_NANOS) {
        assertThat(isServed(after, server)).isTrue();
        assertThat(isServed(before, server)).isFalse();
      }
    }
  }

  /** On a connection of its own. */
  private static boolean isServed(SSLContext context, TestServer server) throws Exception {
    try (TlsClient client = new TlsClient(context, server)) {
      return client.post(PREDICT, "[1,2,3]").statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void aClientThatTrustsAnotherAuthorityDoesNotConnect(Door door) throws Exception {
    try (TestServer server = start(door);
        TlsClient client = new TlsClient(stranger.client(Stream.empty(), ""), server);
        SSLSocket socket = client.connect()) {
      assertThatIOException()
          .isThrownBy(socket::startHandshake)
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  private void replace(Path file, String text) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String name(SSLSocket socket) throws IOException {
    X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
    return shown.getSubjectX500Principal().getName();
  }
}
