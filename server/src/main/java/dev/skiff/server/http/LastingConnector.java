package dev.skiff.server.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connector whose end waits for all clients that have a connection then. Jetty's own waits for
 * those that a selector knows: it drops unanswered what it has accepted since, and the system what
 * waits to be accepted. On a busy machine both are many.
 */
class LastingConnector extends ServerConnector {
  private static final Logger log = LoggerFactory.getLogger(LastingConnector.class);
  private static final long PAUSE_MILLIS = 5;

  /** For replies that do not say that their connection ends, to be out before it does. */
  private static final int UNSAID_MILLIS = 100;

  /** For what waits to be accepted. It is accepted no more where there are too many. */
  private static final int PATIENCE_MILLIS = 1_000;

  private final Set<SelectableChannel> unknown = ConcurrentHashMap.newKeySet();

  /** Of the connection that is made to be the last one. */
  private volatile @Nullable SocketAddress lastPeer;

  private volatile boolean isEnding;
  private final CountDownLatch acceptsLast = new CountDownLatch(1);

  LastingConnector(
      Server server,
      @Nullable Executor executor,
      int acceptors,
      int selectors,
      ConnectionFactory... connections) {
    super(server, executor, null, HttpServer.BUFFERS, acceptors, selectors, connections);
    getSelectorManager().addEventListener(new Acceptance());
  }

  /** Knows which connections are accepted and have no end point yet. */
  private final class Acceptance implements SelectorManager.AcceptListener {
    @Override
    public void onAccepting(SelectableChannel channel) {
      unknown.add(channel);
      if (lastPeer != null && lastPeer.equals(peer(channel))) {
        acceptsLast.countDown();
      }
    }

    private static @Nullable SocketAddress peer(SelectableChannel channel) {
      try {
        return ((SocketChannel) channel).getRemoteAddress();
      } catch (IOException e) {
        return null;
      }
    }

    @Override
    public void onAcceptFailed(SelectableChannel channel, Throwable cause) {
      unknown.remove(channel);
    }
  }

  /**
   * Known from now on; Jetty calls it accepted a little earlier. Those that come late may be idle
   * no longer than the others: they would hold up the end.
   */
  @Override
  protected void onEndPointOpened(EndPoint endPoint) {
    super.onEndPointOpened(endPoint);
    unknown.remove(endPoint.getTransport());
    if (isShutdown()) {
      endPoint.setIdleTimeout(getShutdownIdleTimeout());
    }
  }

  /**
   * Has the replies of Jetty's connections say that these end, once they are about to. Jetty itself
   * says so in replies that it begins to write after {@link #shutdown}, and ends the connections of
   * those that it was writing without a word: a client may send its next request to one of them.
   */
  static final class Announcement extends Handler.Wrapper {
    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      if (request.getConnectionMetaData().getConnector() instanceof LastingConnector lasting
          && lasting.isEnding) {
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
      }
      return super.handle(request, response, callback);
    }
  }

  @Override
  public CompletableFuture<Void> shutdown() {
    isEnding = true;
    sleep();
    acceptAll();
    CompletableFuture<Void> empty = new CompletableFuture<>();
    return CompletableFuture.allOf(super.shutdown().thenRun(() -> complete(empty)), empty);
  }

  private static void sleep() {
    try {
      Thread.sleep(UNSAID_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Accepts whoever waits for that now: who comes to the end of the queue is the last of them. */
  private void acceptAll() {
    if (!(getTransport() instanceof ServerSocketChannel listening)) {
      return;
    }
    try (Socket last = new Socket()) {
      InetSocketAddress here = (InetSocketAddress) listening.getLocalAddress();
      InetAddress host =
          here.getAddress().isAnyLocalAddress()
              ? InetAddress.getLoopbackAddress()
              : here.getAddress();
      last.bind(new InetSocketAddress(host, 0));
      lastPeer = last.getLocalSocketAddress();
      last.connect(new InetSocketAddress(host, here.getPort()), PATIENCE_MILLIS);
      if (!acceptsLast.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
        log.debug("clients may be left that were not accepted");
      }
    } catch (IOException e) {
      log.debug("clients may be left that were not accepted", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Completes it when there is no connection any more. */
  private void complete(CompletableFuture<Void> empty) {
    // In this order: it is known before it is no longer unknown.
    if (unknown.isEmpty() && getConnectedEndPoints().isEmpty()) {
      empty.complete(null);
    } else {
      getScheduler().schedule(() -> complete(empty), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }
}
