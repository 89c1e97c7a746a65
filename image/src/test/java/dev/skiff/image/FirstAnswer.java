package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Starts a server as its child and prints the milliseconds from the exec to the first 200, as the
 * last line. A program of its own that needs nothing but java.base, so that it runs in a container
 * too: there it sees the image's own files, and none of Docker's time is counted.
 *
 * <p>Arguments: the port, the path and the body of a POST; the server's command.
 */
final class FirstAnswer {
  /** A server may have to be installed first. */
  private static final long LIMIT = TimeUnit.MINUTES.toNanos(5);

  private FirstAnswer() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    int port = Integer.parseInt(arguments[0]);
    byte[] request = request(arguments[1], arguments[2]);
    var server = new ProcessBuilder(List.of(arguments).subList(3, arguments.length)).inheritIO();
    long start = System.nanoTime();
    Process process = server.start();
    try {
      while (!answers(port, request)) {
        if (!process.isAlive() || System.nanoTime() - start > LIMIT) {
          System.err.println("no answer from " + String.join(" ", server.command()));
          System.exit(1);
        }
        TimeUnit.MILLISECONDS.sleep(2);
      }
      long nanoseconds = System.nanoTime() - start;
      process.destroy();
      process.waitFor();
      System.out.println(nanoseconds / 1e6);
    } finally {
      process.destroyForcibly();
    }
  }

  private static byte[] request(String path, String body) {
    byte[] content = body.getBytes(UTF_8);
    return """
        POST %s HTTP/1.1\r
        Host: localhost\r
        Content-Type: application/json\r
        Content-Length: %d\r
        Connection: close\r
        \r
        %s"""
        .formatted(path, content.length, body)
        .getBytes(UTF_8);
  }

  private static boolean answers(int port, byte[] request) {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      socket.setSoTimeout(5000);
      socket.getOutputStream().write(request);
      return new String(socket.getInputStream().readAllBytes(), UTF_8).startsWith("HTTP/1.1 200");
    } catch (IOException e) {
      return false;
    }
  }
}
