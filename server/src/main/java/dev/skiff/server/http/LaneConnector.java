package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The network side of the {@link FastLane}. Its threads are its own and never run anything but what
 * the lane does in place, so that they are there for it, however busy the server's pool is. There
 * is a selector for each CPU, since selectors run the quick models.
 */
final class LaneConnector extends LastingConnector {
  /** Beside the selectors: to accept connections, to open and close them, to resume them. */
  private static final int OTHER_THREADS = 4;

  private final Map<ManagedSelector, Round> rounds = new ConcurrentHashMap<>();

  /**
   * A connector that is not open yet.
   *
   * @param connections what its connections are made of, with this configuration
   */
  LaneConnector(Server server, HttpConfiguration http, ConnectionFactory... connections) {
    super(server, threads(), 1, selectors(), connections);
    // Bodies are read where they lie, in arrays.
    http.setUseInputDirectByteBuffers(false);
    http.setUseOutputDirectByteBuffers(false);
  }

  private static int selectors() {
    return Runtime.getRuntime().availableProcessors();
  }

  private static QueuedThreadPool threads() {
    int threads = selectors() + OTHER_THREADS;
    QueuedThreadPool own =
        new QueuedThreadPool(threads, threads) {
          @Override
          public Thread newThread(Runnable job) {
            return super.newThread(
                () -> {
                  prepare();
                  job.run();
                });
          }
        };
    own.setName("skiff-lane");
    own.setReservedThreads(0);
    return own;
  }

  /**
   * Makes what a thread has for itself. At its first request it would end code that was compiled
   * when no other thread was without it any more.
   */
  private static void prepare() {
    LaneConnection.prepareThread();
    RequestHeaders.newRequestId();
    Json.write(JsonGenerator::flush).release();
  }

  /** Has its threads run behind those of the JVM's compilers. Call it before it is opened. */
  void runBehindOthers() {
    if (getExecutor() instanceof QueuedThreadPool own) {
      own.setThreadsPriority(Thread.MIN_PRIORITY);
    }
  }

  @Override
  protected SocketChannelEndPoint newEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key) {
    Round round = rounds.computeIfAbsent(selector, Round::new);
    SocketChannelEndPoint endPoint =
        new LaneEndPoint(channel, selector, key, getScheduler(), round);
    endPoint.setIdleTimeout(getIdleTimeout());
    return endPoint;
  }

  /** Every connection begins as one of the lane. */
  static final class Connections extends HttpConnectionFactory {
    private final FastLane lane;

    Connections(HttpConfiguration http, FastLane lane) {
      super(http);
      this.lane = lane;
    }

    @Override
    public Connection newConnection(Connector connector, EndPoint endPoint) {
      return configure(
          new LaneConnection(
              connector, endPoint, lane, () -> super.newConnection(connector, endPoint)),
          connector,
          endPoint);
    }
  }
}
