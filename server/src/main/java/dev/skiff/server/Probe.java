package dev.skiff.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

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
    boolean hasManagement = !management.equals("none");
    boolean encrypted = !hasManagement && !setting("SKIFF_TLS_CERT", "").isEmpty();
    System.exit(isReady(hasManagement ? management : port, encrypted) ? 0 : 1);
  }

  /** A variable of the server's; not what Kubernetes sets for a Service of that name. */
  private static String setting(String variable, String fallback) {
    String value = System.getenv(variable);
    return value == null || value.contains("://") ? fallback : value;
  }

  private static boolean isReady(String port, boolean encrypted) {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)),
          PATIENCE_MILLIS);
      Socket outer = encrypted ? Encrypted.over(socket) : socket;
      OutputStream out = outer.getOutputStream();
      out.write(REQUEST.getBytes(StandardCharsets.US_ASCII));
      InputStream in = outer.getInputStream();
      byte[] status = in.readNBytes(STATUS.length());
      return new String(status, StandardCharsets.US_ASCII).equals(STATUS);
    } catch (IOException | GeneralSecurityException | NumberFormatException e) {
      return false;
    }
  }

  /**
   * TLS to whoever listens: what is asked is no secret, and a certificate that names localhost is
   * rare. In a class of its own, so that the others need not be loaded where there is no TLS.
   */
  private static final class Encrypted implements X509TrustManager {
    static Socket over(Socket socket) throws GeneralSecurityException, IOException {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Encrypted()}, null);
      return context.getSocketFactory().createSocket(socket, "localhost", socket.getPort(), true);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
