package dev.skiff.image;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The image for developers ({@code --target dev}). */
@Tag("image")
@Timeout(300)
class DevIT {
  private static final String IMAGE = "skiff:image-test-dev-" + ProcessHandle.current().pid();

  private static final int DEBUGGER = 5005;

  /** What both sides of a debugger's connection say first. */
  private static final byte[] HANDSHAKE = "JDWP-Handshake".getBytes(US_ASCII);

  @BeforeAll
  static void build() {
    ImageUnderTest.build(IMAGE, "--target", "dev");
  }

  @AfterAll
  static void remove() {
    Docker.run("image", "rm", IMAGE);
  }

  @Test
  void answersAndLetsADebuggerIn() throws Exception {
    try (var skiff = new Skiff(IMAGE)) {
      skiff.withExposedPorts(8080, DEBUGGER).start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(handshake(skiff.getMappedPort(DEBUGGER))).isEqualTo(HANDSHAKE);
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
    }
  }

  @Test
  void hasAShellACompilerAndADebugger() {
    assertThat(
            Docker.run(
                "run",
                "--rm",
                "--entrypoint",
                "sh",
                IMAGE,
                "-c",
                "javac -version && jdb -version && jcmd -h"))
        .contains("javac 25", "jdb version 25", "Usage: jcmd");
  }

  private static byte[] handshake(int port) throws IOException {
    try (var debugger = new Socket("localhost", port)) {
      debugger.setSoTimeout(10_000);
      debugger.getOutputStream().write(HANDSHAKE);
      return debugger.getInputStream().readNBytes(HANDSHAKE.length);
    }
  }
}
