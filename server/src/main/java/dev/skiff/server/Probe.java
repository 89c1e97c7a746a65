package dev.skiff.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * The container's health check: asks the server on this machine whether it is ready, exit code 0 if
 * so. A main class of its own that touches nothing but sockets, because it starts every few
 * seconds; no curl needs to be in the image.
 */
public final class Probe {
  private static final int PATIENCE_MILLIS = 2_000;
  private static final String REQUEST =
      "GET /health/ready HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  private static final String STATUS = "HTTP/1.1 200 ";

  private Probe() {}

  public static void main(String[] arguments) {
    String port = setting("SKIFF_PORT", "8080");
    String management = setting("SKIFF_MANAGEMENT_PORT", "none");
    System.exit(isReady(management.equals("none") ? port : management) ? 0 : 1);
  }

  /** A variable of the server's; not what Kubernetes sets for a Service of that name. */
  private static String setting(String variable, String fallback) {
    String value = System.getenv(variable);
    return value == null || value.contains("://") ? fallback : value;
  }

  private static boolean isReady(String port) {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)),
          PATIENCE_MILLIS);
      socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
      byte[] status = socket.getInputStream().readNBytes(STATUS.length());
      return new String(status, StandardCharsets.US_ASCII).equals(STATUS);
    } catch (IOException | NumberFormatException e) {
      return false;
    }
  }
}
