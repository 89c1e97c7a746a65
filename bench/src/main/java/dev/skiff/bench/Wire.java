package dev.skiff.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A socket on a selector that can be opened again and again, and the bytes that went through. It
 * never blocks. Belongs to the thread of its selector.
 */
final class Wire implements AutoCloseable {
  private final InetSocketAddress address;
  private final Selector selector;
  private @Nullable SelectionKey key;
  private long bytesIn;
  private long bytesOut;

  Wire(InetSocketAddress address, Selector selector) {
    this.address = address;
    this.selector = selector;
  }

  /**
   * Starts to connect a new socket.
   *
   * @param owner the attachment of the socket's key
   * @return whether it is connected already; else {@link #finishConnect} is due when the selector
   *     says so
   */
  boolean connect(Object owner) throws IOException {
    close();
    SocketChannel channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    key = channel.register(selector, 0, owner);
    boolean connected = channel.connect(address);
    key.interestOps(connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT);
    return connected;
  }

  boolean finishConnect() throws IOException {
    boolean connected = channel().finishConnect();
    if (connected) {
      key().interestOps(SelectionKey.OP_READ);
    }
    return connected;
  }

  /** Writes what the socket takes, and asks the selector for another turn if that is not all. */
  void write(ByteBuffer outgoing) throws IOException {
    bytesOut += channel().write(outgoing);
    int interest =
        outgoing.hasRemaining()
            ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
            : SelectionKey.OP_READ;
    if (key().interestOps() != interest) {
      key().interestOps(interest);
    }
  }

  /** Fills the buffer from its start; -1 at the end of the stream. */
  int read(ByteBuffer buffer) throws IOException {
    int count = channel().read(buffer.clear());
    bytesIn += Math.max(0, count);
    buffer.flip();
    return count;
  }

  /** Bytes received over all sockets that this wire has had. */
  long bytesIn() {
    return bytesIn;
  }

  /** Bytes sent over all sockets that this wire has had. */
  long bytesOut() {
    return bytesOut;
  }

  @Override
  public void close() {
    SelectionKey open = key;
    key = null;
    if (open != null) {
      try {
        open.channel().close();
      } catch (IOException e) {
        // The descriptor is gone either way, and no request hangs on it.
      }
    }
  }

  private SocketChannel channel() {
    return (SocketChannel) key().channel();
  }

  private SelectionKey key() {
    if (key == null) {
      throw new IllegalStateException("the wire is not open");
    }
    return key;
  }
}
