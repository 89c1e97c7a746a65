package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that send requests before they read the replies, and replies that go out together. */
@BothDoors
class PipeliningIT {
  /** Their replies are more than the network takes while the client does not read. */
  private static final int MANY = 40_000;

  @Test
  void answersManyConnectionsAtOnce(TestServer server) throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 50; i++) {
        sockets.add(server.connect());
      }
      for (int round = 0; round < 20; round++) {
        for (int i = 0; i < sockets.size(); i++) {
          sockets.get(i).getOutputStream().write(request(1000 * round + i));
        }
        for (int i = 0; i < sockets.size(); i++) {
          assertThat(reply(sockets.get(i).getInputStream())).isEqualTo(answer(1000 * round + i));
        }
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 30, 1000})
  void answersInOrder(int count, TestServer server) throws IOException {
    try (Socket socket = server.connect()) {
      writer(socket, count);
      assertAnswers(socket, count);
    }
  }

  @Test
  void waitsForAClientThatDoesNotRead(TestServer server) throws Exception {
    try (Socket socket = server.connect()) {
      // It ends only where the network takes all requests.
      writer(socket, MANY).join(Duration.ofSeconds(3));
      assertAnswers(socket, MANY);
    }
  }

  @Test
  void sendsTheReplyBeforeItClosesTheConnection(TestServer server) {
    String last = text(2).replace("Host: a", "Host: a\r\nConnection: close");
    String replies = server.raw((text(1) + last).getBytes(StandardCharsets.US_ASCII));
    assertThat(replies.split("HTTP/1.1 200 OK", -1)).hasSize(3);
    assertThat(replies).contains(answer(1)).endsWith(answer(2));
  }

  private static Thread writer(Socket socket, int count) {
    return Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                OutputStream out = new BufferedOutputStream(socket.getOutputStream());
                for (int i = 0; i < count; i++) {
                  out.write(request(i));
                }
                out.flush();
              } catch (IOException e) {
                // Whoever reads misses an answer.
              }
            });
  }

  private static void assertAnswers(Socket socket, int count) throws IOException {
    InputStream in = new BufferedInputStream(socket.getInputStream());
    for (int i = 0; i < count; i++) {
      assertThat(reply(in)).isEqualTo(answer(i));
    }
  }

  static byte[] request(int number) {
    return text(number).getBytes(StandardCharsets.US_ASCII);
  }

  private static String text(int number) {
    String body = "[%d,2,3]".formatted(number);
    return "POST /predict/identity-fp32 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(body.length(), body);
  }

  static String answer(int number) {
    return "{\"prediction\":[%d.0,2.0,3.0]}".formatted(number);
  }

  static String reply(InputStream in) throws IOException {
    String head = TestServer.head(in);
    assertThat(head).startsWith("HTTP/1.1 200 OK");
    String length = head.substring(head.indexOf("Content-Length: ") + 16);
    int bytes = Integer.parseInt(length.substring(0, length.indexOf('\r')));
    return new String(in.readNBytes(bytes), StandardCharsets.US_ASCII);
  }
}
