package dev.skiff.bench;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * One connection of the {@link EchoServer}: takes a request with a Content-Length or without a
 * body, and sends the body back before it reads the next one. Belongs to the server's thread.
 */
final class EchoConnection {
  private static final byte[] CONTENT_LENGTH =
      "content-length:".getBytes(StandardCharsets.US_ASCII);
  private static final int LARGEST_BODY = 64 * 1024 * 1024;

  private final SocketChannel channel;
  private final HttpLine line = new HttpLine();
  private boolean inHead = true;
  private int bodyBytes;

  /** The head of the reply, made once for a body size, and the body behind it. */
  private ByteBuffer reply = ByteBuffer.allocate(0);

  private int replyBodyBytes = -1;
  private int replyHeadBytes;

  EchoConnection(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the next step after the selector has chosen the connection.
   *
   * @param scratch any buffer; its content is lost
   */
  void advance(SelectionKey key, ByteBuffer scratch) throws IOException {
    if (key.isWritable()) {
      send(key);
    } else if (channel.read(scratch.clear()) < 0) {
      throw new EOFException("the client closed the connection");
    } else if (isComplete(scratch.flip())) {
      if (scratch.hasRemaining()) {
        throw new MalformedMessageException("bytes behind the request");
      }
      inHead = true;
      bodyBytes = 0;
      reply.flip();
      send(key);
    }
  }

  private boolean isComplete(ByteBuffer in) throws IOException {
    while (inHead && line.take(in)) {
      if (line.length() == 0) {
        inHead = false;
        prepareReply();
      } else if (line.startsWith(CONTENT_LENGTH)) {
        long length = line.number(CONTENT_LENGTH.length, line.length(), 10);
        bodyBytes = (int) Math.min(length, Integer.MAX_VALUE);
      }
      line.clear();
    }
    if (inHead) {
      return false;
    }
    int count = Math.min(in.remaining(), reply.remaining());
    reply.put(in.slice(in.position(), count));
    in.position(in.position() + count);
    return !reply.hasRemaining();
  }

  private void prepareReply() throws IOException {
    if (bodyBytes > LARGEST_BODY) {
      throw new MalformedMessageException("a body of more than " + LARGEST_BODY + " bytes");
    }
    if (bodyBytes != replyBodyBytes) {
      byte[] head =
          ("HTTP/1.1 200 OK\r\nContent-Length: " + bodyBytes + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII);
      reply = ByteBuffer.allocateDirect(head.length + bodyBytes).put(head);
      replyBodyBytes = bodyBytes;
      replyHeadBytes = head.length;
    }
    reply.clear().position(replyHeadBytes);
  }

  private void send(SelectionKey key) throws IOException {
    channel.write(reply);
    int interest = reply.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ;
    if (key.interestOps() != interest) {
      key.interestOps(interest);
    }
  }
}
