package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyParserTest {
  private static final String OK = "HTTP/1.1 200 OK\r\n";

  record Reply(String text, int status, boolean keepAlive) {
    @Override
    public String toString() {
      return text.replace("\r\n", "|");
    }
  }

  static Stream<Reply> replies() {
    return Stream.of(
        new Reply(OK + "Content-Length: 5\r\n\r\nhello", 200, true),
        new Reply(OK + "content-LENGTH:5  \r\n\r\n\r\n\r\n.", 200, true),
        new Reply(OK + "Content-Length: 0\r\n\r\n", 200, true),
        new Reply("HTTP/1.1 204 No Content\r\n\r\n", 204, true),
        new Reply("HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n", 304, true),
        new Reply("HTTP/1.1 503 \r\nContent-Length: 2\r\n\r\nno", 503, true),
        new Reply(OK + "Connection: Close\r\nContent-Length: 1\r\n\r\nx", 200, false),
        new Reply("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, false),
        new Reply(
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, true),
        new Reply(OK + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, true),
        new Reply(
            OK
                + "Transfer-Encoding: Chunked\r\n\r\n"
                + "5\r\n"
                + "hello\r\n"
                + "A;x=y\r\n"
                + "0123\r\n"
                + "6789\r\n"
                + "0\r\n\r\n",
            200,
            true),
        new Reply(
            OK + "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: yes\r\n\r\n",
            200,
            true),
        new Reply(
            OK + "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            200,
            true),
        new Reply("HTTP/1.1 100 Continue\r\n\r\n" + OK + "Content-Length: 1\r\n\r\nx", 200, true),
        new Reply("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, true));
  }

  @ParameterizedTest
  @MethodSource("replies")
  void readsAReplyCutAtAnyByte(Reply reply) throws MalformedMessageException {
    ReplyParser parser = new ReplyParser();
    int length = reply.text.length();
    for (int cut = 1; cut < length; cut++) {
      parser.reset();
      assertThat(parser.consume(bytes(reply.text.substring(0, cut)))).isFalse();
      assertThat(parser.consume(bytes(reply.text.substring(cut)))).isTrue();
      assertThat(parser.status()).isEqualTo(reply.status);
      assertThat(parser.keepAlive()).isEqualTo(reply.keepAlive);
    }
  }

  @ParameterizedTest
  @MethodSource("replies")
  void readsAReplyByteByByte(Reply reply) throws MalformedMessageException {
    ReplyParser parser = new ReplyParser();
    int length = reply.text.length();
    for (int at = 0; at < length; at++) {
      boolean complete = parser.consume(bytes(reply.text.substring(at, at + 1)));
      assertThat(complete).isEqualTo(at == length - 1);
    }
    assertThat(parser.status()).isEqualTo(reply.status);
  }

  @ParameterizedTest
  @MethodSource("replies")
  void leavesWhatFollowsTheReply(Reply reply) throws MalformedMessageException {
    ByteBuffer in = bytes(reply.text + "HTTP");

    assertThat(new ReplyParser().consume(in)).isTrue();
    assertThat(in.remaining()).isEqualTo(4);
  }

  @ParameterizedTest
  @MethodSource("replies")
  void isNotCompleteWhenTheStreamEndsEarly(Reply reply) throws MalformedMessageException {
    ReplyParser parser = new ReplyParser();
    assertThat(parser.consume(bytes(reply.text.substring(0, reply.text.length() - 1)))).isFalse();

    assertThat(parser.endOfStream()).isFalse();
  }

  @Test
  void aBodyWithoutALengthEndsWithTheStream() throws MalformedMessageException {
    ReplyParser parser = new ReplyParser();

    assertThat(parser.consume(bytes(OK + "\r\nhello"))).isFalse();
    assertThat(parser.endOfStream()).isTrue();
    assertThat(parser.keepAlive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/2.0 200 OK\r\n",
        "HTTP/1.2 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1 2x0 OK\r\n",
        "HTTP/1.1 2 0 OK\r\n",
        "HTTP/1.1\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "\r\n",
        OK + "Content-Length: five\r\n",
        OK + "Content-Length: -5\r\n",
        OK + "Content-Length: 5 5\r\n",
        OK + "Content-Length: 5;x\r\n",
        OK + "Content-Length:\r\n",
        OK + "Content-Length: 99999999999999999999\r\n",
        OK + "Content-Length: 5\r\nContent-Length: 6\r\n",
        OK + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
      })
  void refusesWhatIsNoReply(String text) {
    assertThatThrownBy(() -> new ReplyParser().consume(bytes(text)))
        .isInstanceOf(MalformedMessageException.class);
  }

  @Test
  void refusesALineWithoutEnd() {
    assertThatThrownBy(() -> new ReplyParser().consume(bytes(OK + "x".repeat(8193))))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessageContaining("8192");
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
