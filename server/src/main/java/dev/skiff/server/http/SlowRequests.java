package dev.skiff.server.http;

import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpParser.State;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives up on requests that come too slowly, which the idle timeout never does as long as a byte
 * comes now and then. A head has ten seconds; a body that takes longer has to come at a least rate,
 * a higher one if it is large: it holds memory that all share. Only the time when the server waits
 * for the client counts: before it gives up, whatever has come since is read, however long the
 * server takes to get to that. Once a second it looks at all connections of a connector, on the
 * thread of its scheduler.
 */
final class SlowRequests extends AbstractLifeCycle implements Runnable {
  /** As Apache's mod_reqtimeout has it, but for its 20 seconds. */
  static final int LEAST_BYTES_PER_SECOND = 500;

  /** The rate of a body that has more than {@link #LARGE} already, all that has come counted. */
  static final int LEAST_BYTES_PER_SECOND_IF_LARGE = 16 << 10;

  private static final int LARGE = BodyMemory.LEAST_BYTES;

  private static final Logger log = LoggerFactory.getLogger(SlowRequests.class);

  /** What a connector of the server has. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Set<State> HEAD =
      EnumSet.of(
          State.METHOD, State.SPACE1, State.URI, State.SPACE2, State.REQUEST_VERSION, State.HEADER);
  private static final Set<State> BODY =
      EnumSet.of(
          State.CONTENT,
          State.CHUNKED_CONTENT,
          State.CHUNK_SIZE,
          State.CHUNK,
          State.CHUNK_END,
          State.CONTENT_END,
          State.TRAILER);

  private final ServerConnector connector;
  private final Duration patience;
  private final LongSupplier clock;
  private long lastRun;
  private Map<EndPoint, Arrival> arriving = new HashMap<>();
  private volatile Scheduler.@Nullable Task next;

  /**
   * Looks after one connector.
   *
   * @param patience for a head, or before a body's rate counts
   */
  SlowRequests(ServerConnector connector, Duration patience) {
    this(connector, patience, System::nanoTime);
  }

  /** The same, by another clock of nanoseconds. */
  SlowRequests(ServerConnector connector, Duration patience, LongSupplier clock) {
    this.connector = connector;
    this.patience = patience;
    this.clock = clock;
    this.lastRun = clock.getAsLong();
  }

  /**
   * A head or a body on its way.
   *
   * @param request which one of its connection's
   * @param waited how many nanoseconds the server has waited for it since it was seen first
   * @param before how many bytes had come on the connection then
   * @param lastLook what has read all that came, before it is given up; null as long as it is not
   *     late
   */
  private record Arrival(
      long request, boolean isBody, long waited, long before, @Nullable Future<?> lastLook) {
    boolean isSame(Arrival other) {
      return request == other.request && isBody == other.isBody;
    }

    Arrival with(@Nullable Future<?> look) {
      return new Arrival(request, isBody, waited, before, look);
    }

    Arrival waitedFor(long more) {
      return new Arrival(request, isBody, waited + more, before, lastLook);
    }
  }

  @Override
  protected void doStart() {
    next = connector.getScheduler().schedule(this, 1, TimeUnit.SECONDS);
  }

  @Override
  protected void doStop() {
    Scheduler.Task scheduled = next;
    if (scheduled != null) {
      scheduled.cancel();
    }
  }

  @Override
  public void run() {
    long now = clock.getAsLong();
    long passed = now - lastRun;
    lastRun = now;
    Map<EndPoint, Arrival> seen = new HashMap<>();
    for (EndPoint connected : connector.getConnectedEndPoints()) {
      EndPoint endPoint = decrypted(connected);
      if (endPoint.getConnection() instanceof LaneConnection plain) {
        plain.leaveIncomplete();
      }
      if (!(endPoint.getConnection() instanceof HttpConnection connection)) {
        continue;
      }
      State state = connection.getParser().getState();
      if (HEAD.contains(state) || BODY.contains(state)) {
        Arrival found = arrival(connection, BODY.contains(state));
        Arrival known = arriving.get(endPoint);
        boolean waits = endPoint.isFillInterested();
        Arrival arrival =
            known != null && known.isSame(found) ? known.waitedFor(waits ? passed : 0) : found;
        if (!waits || !isTooSlow(arrival, connection)) {
          seen.put(endPoint, arrival.with(null));
        } else if (arrival.lastLook() == null) {
          seen.put(endPoint, arrival.with(look(endPoint)));
        } else {
          seen.put(endPoint, arrival);
          if (arrival.lastLook().isDone()) {
            giveUp(connection, arrival.isBody());
          }
        }
      }
    }
    arriving = seen;
    if (isRunning()) {
      doStart();
    }
  }

  private static EndPoint decrypted(EndPoint endPoint) {
    return endPoint.getConnection() instanceof SslConnection tls ? tls.getSslEndPoint() : endPoint;
  }

  private static Arrival arrival(HttpConnection connection, boolean isBody) {
    return new Arrival(connection.getMessagesIn(), isBody, 0, connection.getBytesIn(), null);
  }

  private boolean isTooSlow(Arrival arrival, HttpConnection connection) {
    Duration waited = Duration.ofNanos(arrival.waited());
    Duration late = waited.minus(patience);
    if (late.isNegative()) {
      return false;
    }
    long came = connection.getBytesIn() - arrival.before();
    long size = connection.getParser().getContentRead();
    return !arrival.isBody()
        || came < LEAST_BYTES_PER_SECOND * waited.toSeconds()
        || (size > LARGE && size < LEAST_BYTES_PER_SECOND_IF_LARGE * late.toSeconds());
  }

  /**
   * Has a thread that is free read what came; if that is nothing, the wait for more begins anew.
   */
  private Future<?> look(EndPoint endPoint) {
    return CompletableFuture.runAsync(
        () -> ((AbstractEndPoint) endPoint).getFillInterest().fillable(), connector.getExecutor());
  }

  /** A body is failed as at the end of the idle timeout, so that it has its reply. */
  private static void giveUp(HttpConnection connection, boolean isBody) {
    log.debug("gave up on a request from {}", connection.getEndPoint().getRemoteSocketAddress());
    TimeoutException late = new TimeoutException("came too slowly");
    if (!isBody || connection.onIdleExpired(late)) {
      connection.getEndPoint().close(late);
    }
  }
}
