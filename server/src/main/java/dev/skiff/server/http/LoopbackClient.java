package dev.skiff.server.http;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;

/** A connection to a server in this process, with one request on its way at a time. */
final class LoopbackClient implements AutoCloseable {
  private static final String LENGTH = "Content-Length: ";

  private final Socket socket;
  private final InputStream in;

  LoopbackClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  void send(byte[] request) throws IOException {
    socket.getOutputStream().write(request);
  }

  /** Awaits the reply, and says whether it is a good one. */
  boolean isAnswered() throws IOException {
    String status = line();
    long length = 0;
    for (String header = line(); !header.isEmpty(); header = line()) {
      if (header.startsWith(LENGTH)) {
        length = Long.parseLong(header.substring(LENGTH.length()));
      }
    }
    in.skipNBytes(length);
    return status.equals("HTTP/1.1 200 OK");
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("the server closed the connection");
      }
      line.append((char) next);
    }
    return line.substring(0, line.length() - 1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
