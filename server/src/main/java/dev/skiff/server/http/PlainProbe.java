package dev.skiff.server.http;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.DetectorConnectionFactory;
import org.eclipse.jetty.util.Callback;

/**
 * Answers the container's health check on a port that speaks TLS, in plain: a handshake would cost
 * it twenty times the CPU and, where clients need one, a certificate that it has not. Only this
 * machine is answered, only this one question, by yes or no; no request is parsed. All other
 * connections are {@link Tls}'s. Thread-safe.
 */
final class PlainProbe extends DetectorConnectionFactory {
  /** How the question begins; so little comes at once. */
  private static final String REQUEST = "GET /health/ready ";

  private static final String HEADERS = "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

  private final Tls tls;
  private final BooleanSupplier ready;

  /** Stands before what encrypts. */
  PlainProbe(Tls tls, BooleanSupplier ready) {
    super(tls);
    this.tls = tls;
    this.ready = ready;
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    return isHere(endPoint.getRemoteSocketAddress())
        ? super.newConnection(connector, endPoint)
        : tls.newConnection(connector, endPoint);
  }

  /** Whether a peer is on this machine. */
  static boolean isHere(SocketAddress peer) {
    return peer instanceof InetSocketAddress address && address.getAddress().isLoopbackAddress();
  }

  /** Comes with what is not TLS. */
  @Override
  protected void nextProtocol(Connector connector, EndPoint endPoint, ByteBuffer buffer) {
    if (StandardCharsets.US_ASCII.decode(buffer).toString().startsWith(REQUEST)) {
      String status = ready.getAsBoolean() ? "200 OK" : "503 Service Unavailable";
      byte[] reply = ("HTTP/1.1 " + status + HEADERS).getBytes(StandardCharsets.US_ASCII);
      endPoint.write(Callback.from(endPoint::close), ByteBuffer.wrap(reply));
    } else {
      endPoint.close();
    }
  }
}
