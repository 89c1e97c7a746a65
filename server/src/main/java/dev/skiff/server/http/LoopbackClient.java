package dev.skiff.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** A connection to a server in this process, with one request on its way at a time. */
final class LoopbackClient implements AutoCloseable {
  private static final String END = "\r\n\r\n";
  private static final String LENGTH = "Content-Length: ";

  private final Socket socket;
  private final InputStream in;

  /** Takes any head that the server writes. */
  private final byte[] piece = new byte[8 << 10];

  LoopbackClient(SocketFactory sockets, int port) throws IOException {
    socket = sockets.createSocket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    in = socket.getInputStream();
  }

  void send(byte[] request) throws IOException {
    socket.getOutputStream().write(request);
  }

  /** Awaits the reply, and says whether it is a good one. */
  boolean isAnswered() throws IOException {
    int came = 0;
    String head;
    int end;
    do {
      int more = in.read(piece, came, piece.length - came);
      if (more <= 0) {
        throw new EOFException("the server closed the connection");
      }
      came += more;
      head = new String(piece, 0, came, ISO_8859_1);
      end = head.indexOf(END);
    } while (end < 0);
    in.skipNBytes(end + END.length() + length(head) - came);
    return head.startsWith("HTTP/1.1 200 OK\r\n");
  }

  private static long length(String head) {
    int from = head.indexOf(LENGTH) + LENGTH.length();
    return Long.parseLong(head, from, head.indexOf('\r', from), 10);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
