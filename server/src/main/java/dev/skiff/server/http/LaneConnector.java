package dev.skiff.server.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * The network side of the {@link FastLane}. Its threads are its own and never run anything but what
 * the lane does in place, so that they are there for it, however busy the server's pool is. There
 * is a selector for each CPU, since selectors run the quick models.
 */
final class LaneConnector extends ServerConnector {
  /** Beside the selectors: to accept connections, to open and close them, to resume them. */
  private static final int OTHER_THREADS = 4;

  LaneConnector(Server server, HttpConfiguration http) {
    super(server, threads(), null, null, 1, selectors(), new HttpConnectionFactory(http));
    // Bodies are read where they lie, in arrays.
    http.setUseInputDirectByteBuffers(false);
  }

  private static int selectors() {
    return Runtime.getRuntime().availableProcessors();
  }

  private static QueuedThreadPool threads() {
    int threads = selectors() + OTHER_THREADS;
    QueuedThreadPool own = new QueuedThreadPool(threads, threads);
    own.setName("skiff-lane");
    own.setReservedThreads(0);
    return own;
  }

  @Override
  protected SocketChannelEndPoint newEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key) {
    SocketChannelEndPoint endPoint = new FairEndPoint(channel, selector, key, getScheduler());
    endPoint.setIdleTimeout(getIdleTimeout());
    return endPoint;
  }

  /**
   * Can let the other connections of its selector come first after a reply. Jetty would read on,
   * and a client that is quick to send its next request would keep the selector for itself; and to
   * find nothing there costs a system call.
   */
  static final class FairEndPoint extends SocketChannelEndPoint {
    /** Until it is selected. Seen late it costs a read or a selection more, nothing else. */
    private boolean givesWay;

    FairEndPoint(
        SocketChannel channel, ManagedSelector selector, SelectionKey key, Scheduler scheduler) {
      super(channel, selector, key, scheduler);
    }

    @Override
    public Runnable onSelected() {
      givesWay = false;
      return super.onSelected();
    }

    /** Has nothing to read until it is selected. Nothing of the request may be left to read. */
    void giveWay() {
      givesWay = true;
    }

    @Override
    public int fill(ByteBuffer buffer) throws IOException {
      return givesWay ? 0 : super.fill(buffer);
    }
  }
}
