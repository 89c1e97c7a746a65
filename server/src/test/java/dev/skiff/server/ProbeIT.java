package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Authority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The container's health check, as Docker runs it: its exit code, by the variables it finds. */
class ProbeIT {
  private static SkiffProcess server;

  @BeforeAll
  static void start() throws Exception {
    server = SkiffProcess.serve(Repository.SHIPPED);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void asksThePortOfTheServer() throws Exception {
    assertThat(probe(Map.of("SKIFF_PORT", port(server)))).isZero();
    assertThat(probe(Map.of("SKIFF_PORT", unused()))).isEqualTo(1);
  }

  @Test
  void asksTheManagementPortIfThereIsOne() throws Exception {
    String unused = unused();
    assertThat(probe(Map.of("SKIFF_PORT", unused, "SKIFF_MANAGEMENT_PORT", port(server)))).isZero();
    assertThat(probe(Map.of("SKIFF_PORT", port(server), "SKIFF_MANAGEMENT_PORT", unused)))
        .isEqualTo(1);
    assertThat(probe(Map.of("SKIFF_PORT", port(server), "SKIFF_MANAGEMENT_PORT", "none"))).isZero();
  }

  @Test
  void needsNeitherAKeyNorACertificate(@TempDir Path folder) throws Exception {
    Authority authority = new Authority(folder.resolve("authority"));
    authority.signServer("server", "RSA");
    Path certificate = authority.together("server");
    Path keys = Files.writeString(folder.resolve("keys"), "0123456789abcdef");
    try (SkiffProcess encrypted =
        SkiffProcess.serve(
            Repository.SHIPPED,
            "--tls-cert=" + certificate,
            "--tls-client-ca=" + certificate,
            "--api-keys=" + keys)) {
      assertThat(probe(Map.of("SKIFF_PORT", port(encrypted)))).isZero();
    }
  }

  @Test
  void leavesOutWhatKubernetesSetsForAService() throws Exception {
    assertThat(
            probe(
                Map.of("SKIFF_PORT", port(server), "SKIFF_MANAGEMENT_PORT", "tcp://10.0.0.1:9090")))
        .isZero();
  }

  private static String port(SkiffProcess of) {
    return of.address().replaceFirst(".*:", "");
  }

  private static String unused() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return Integer.toString(socket.getLocalPort());
    }
  }

  private static int probe(Map<String, String> environment) throws Exception {
    String jar = Path.of(System.getProperty("skiff.home"), "skiff.jar").toString();
    try (JavaProcess probe =
        JavaProcess.start(environment, List.of("-Xint", "-cp", jar, Probe.class.getName()))) {
      return probe.awaitExit();
    }
  }
}
