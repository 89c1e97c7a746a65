package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Metrics and probes on a port of their own. */
class ManagementServerIT {
  private static TestServer server;

  @BeforeAll
  static void start() {
    server = TestServer.start(TestServer.MODELS, "--management-port=0");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})
  void probesAreOnBothPorts(String path) {
    managed(path).ok();
    server.get(path).ok();
  }

  @Test
  void metricsAreOnThatPortOnly() {
    assertThat(server.post("/predict/iris", "[1, 2, 3, 4]").status()).isEqualTo(200);
    Reply metrics = managed("/metrics");
    assertThat(metrics.status()).isEqualTo(200);
    assertThat(metrics.header("Content-Type")).startsWith("text/plain");
    assertThat(metrics.text()).contains("skiff_request_duration_seconds");
    server.get("/metrics").refused(ErrorCode.NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/v2",
        "/v2/models/iris",
        "/predict/iris",
        "/nope",
        "/metrics/",
        "/%6detrics"
      })
  void nothingElseIsOnThatPort(String path) {
    managed(path).refused(ErrorCode.NOT_FOUND);
  }

  @Test
  void itMayHaveAnAddressOfItsOwn() throws IOException {
    String[] flags = {"--management-port=0", "--management-host=127.0.0.2"};
    try (TestServer other = TestServer.start(TestServer.MODELS, flags)) {
      int port = other.managementPort();
      new Socket(InetAddress.ofLiteral("127.0.0.2"), port).close();
      assertThatIOException()
          .isThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }
  }

  @Test
  void itEndsWithTheServer() {
    TestServer other = TestServer.start(TestServer.MODELS, "--management-port=0");
    int port = other.managementPort();
    other.close();
    assertThatIOException()
        .isThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port).close());
  }

  @Test
  void aPortThatIsTakenIsToldByItsNumber() {
    String taken = "--management-port=" + server.port();
    assertThatExceptionOfType(ListenException.class)
        .isThrownBy(() -> TestServer.start(TestServer.MODELS, taken).close())
        .withMessage(
            "cannot listen on 127.0.0.1:%d: Address already in use".formatted(server.port()));
  }

  @Test
  void aHostThatIsNotThereIsToldByItsName() {
    assertThatExceptionOfType(ListenException.class)
        .isThrownBy(
            () ->
                TestServer.start(
                        TestServer.MODELS, "--management-port=0", "--management-host=no.invalid")
                    .close())
        .withMessage("cannot listen on no.invalid:0: there is no such host");
  }

  private static Reply managed(String path) {
    return server.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.managementPort() + path)));
  }
}
