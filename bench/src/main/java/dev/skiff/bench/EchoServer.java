package dev.skiff.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.function.Consumer;

/**
 * Sends every request body back, and does as little else as it can: the load tester's rate against
 * it is about the load tester's own ceiling. It listens on 127.0.0.1 only. {@link #run} serves on
 * the calling thread; any thread may close the server, which ends it.
 */
final class EchoServer implements AutoCloseable {
  private final Selector selector;
  private final ServerSocketChannel listener;
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(64 * 1024);
  private final Consumer<SelectionKey> serve = this::serve;

  EchoServer(int port) throws IOException {
    selector = Selector.open();
    listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 1024);
    listener.configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
  }

  int port() {
    return listener.socket().getLocalPort();
  }

  /** Serves until the server is closed. */
  void run() throws IOException {
    while (selector.isOpen()) {
      try {
        selector.select(serve);
      } catch (ClosedSelectorException e) {
        return;
      }
    }
  }

  @Override
  public void close() throws IOException {
    List<SelectionKey> keys = List.copyOf(selector.keys());
    selector.close(); // waits until no connection is being served
    for (SelectionKey key : keys) {
      key.channel().close();
    }
  }

  private void serve(SelectionKey key) {
    try {
      if (key.attachment() instanceof EchoConnection connection) {
        connection.advance(key, scratch);
      } else {
        accept();
      }
    } catch (IOException e) {
      closeQuietly(key.channel());
    }
  }

  private void accept() throws IOException {
    SocketChannel accepted = listener.accept();
    if (accepted != null) {
      accepted.configureBlocking(false);
      accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
      accepted.register(selector, SelectionKey.OP_READ, new EchoConnection(accepted));
    }
  }

  private static void closeQuietly(SelectableChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // The descriptor is gone either way.
    }
  }
}
