package dev.skiff.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * One thread of load: a selector, its connections, and a pacer. {@link #call} runs on one thread
 * until the window on the timeline ends, and closes everything.
 */
final class Worker implements Callable<Tally> {
  /** How late the worker may notice that the window was decided. */
  static final long TICK_NANOS = 10_000_000;

  private static final long EXPIRE_EVERY_NANOS = 100_000_000;
  private static final long RECONNECT_AFTER_NANOS = 100_000_000;

  /** The kernel wakes a sleeper this late at worst; that much of a wait is spent awake. */
  private static final long WAKE_UP_NANOS = 100_000;

  private final Selector selector;
  private final List<Connection> connections;
  private final Queue<Connection> idle = new ArrayDeque<>();
  private final Queue<Connection> broken = new ArrayDeque<>();
  private final ByteBuffer scratch = ByteBuffer.allocateDirect(64 * 1024);
  private final Consumer<SelectionKey> advance = this::advance;
  private final Timeline timeline;
  private final Pacer pacer;
  private final Recorder recorder;
  private final long timeoutNanos;
  private long paceFromNanos;
  private long sent;
  private long retryAtNanos;
  private long expireAtNanos;

  Worker(Request request, Pacer pacer, int connections, Timeline timeline, Settings settings)
      throws IOException {
    this.selector = Selector.open();
    this.connections =
        Stream.generate(() -> new Connection(request, selector)).limit(connections).toList();
    this.timeline = timeline;
    this.pacer = pacer;
    this.recorder = new Recorder(timeline, settings.durationNanos());
    this.timeoutNanos = settings.timeoutNanos();
  }

  /** What the worker has seen. Its counters may be read while the worker runs. */
  Recorder recorder() {
    return recorder;
  }

  @Override
  public Tally call() throws IOException {
    try (selector) {
      broken.addAll(connections);
      runUntil(() -> timeline.window().startNanos());
      long startNanos = timeline.window().startNanos();
      // The open loop's plan begins anew, so that a backlog of the warm-up is not measured.
      paceFromNanos = startNanos;
      sent = 0;
      long bytesIn = connections.stream().mapToLong(Connection::bytesIn).sum();
      long bytesOut = connections.stream().mapToLong(Connection::bytesOut).sum();
      runUntil(() -> timeline.window().endNanos());
      return tally(bytesIn, bytesOut);
    } finally {
      connections.forEach(Connection::close);
    }
  }

  private void runUntil(LongSupplier boundaryNanos) throws IOException {
    for (long now = timeline.now(); now < boundaryNanos.getAsLong(); now = timeline.now()) {
      reconnect(now);
      expire(now);
      dispatch(now);
      long wait = idle.isEmpty() ? TICK_NANOS : pacer.waitNanos(now - paceFromNanos, sent);
      long untilBoundary = boundaryNanos.getAsLong() - now;
      wait = Math.min(wait, Math.min(TICK_NANOS, untilBoundary));
      long millis = (wait - WAKE_UP_NANOS) / 1_000_000;
      if (millis > 0) {
        selector.select(advance, millis);
      } else {
        selector.selectNow(advance);
      }
    }
  }

  private void advance(SelectionKey key) {
    if (!key.isValid()) {
      return; // the connection was opened anew since the selector chose this key
    }
    Connection connection = (Connection) key.attachment();
    ConnectionEvent event = connection.advance(scratch);
    long now = timeline.now();
    handle(connection, event, now);
    dispatch(now);
  }

  /** Sends the requests that are due, as far as connections are free. */
  private void dispatch(long now) {
    long elapsed = now - paceFromNanos;
    while (!idle.isEmpty() && pacer.waitNanos(elapsed, sent) == 0) {
      Connection connection = idle.remove();
      long due = paceFromNanos + pacer.dueNanos(elapsed, sent++);
      handle(connection, connection.send(due, now), now);
    }
  }

  private void handle(Connection connection, ConnectionEvent event, long now) {
    switch (event) {
      case NOTHING -> {}
      case OPENED -> idle.add(connection);
      case ANSWERED -> {
        recorder.answered(connection.status(), connection.dueNanos(), now);
        if (connection.isReusable()) {
          idle.add(connection);
        } else {
          handle(connection, connection.open(now), now);
        }
      }
      case LOST -> {
        idle.remove(connection);
        handle(connection, connection.open(now), now);
      }
      case CONNECT_FAILED -> {
        recorder.failed("connect", now);
        retryAtNanos = now + RECONNECT_AFTER_NANOS;
        broken.add(connection);
      }
      case CLOSED -> failed(connection, "closed", now);
      case MALFORMED -> failed(connection, "malformed", now);
      case TIMED_OUT -> failed(connection, "timeout", now);
    }
  }

  private void failed(Connection connection, String kind, long now) {
    recorder.failed(kind, now);
    handle(connection, connection.open(now), now);
  }

  private void reconnect(long now) {
    if (now >= retryAtNanos) {
      for (int left = broken.size(); left > 0; left--) {
        Connection connection = broken.remove();
        handle(connection, connection.open(now), now);
      }
    }
  }

  private void expire(long now) {
    if (now >= expireAtNanos) {
      expireAtNanos = now + EXPIRE_EVERY_NANOS;
      for (Connection connection : connections) {
        handle(connection, connection.expire(now, timeoutNanos), now);
      }
    }
  }

  private Tally tally(long bytesInBefore, long bytesOutBefore) {
    long end = timeline.window().endNanos();
    long elapsed = end - paceFromNanos;
    long backlog = pacer.backlog(elapsed, sent);
    long oldest = backlog == 0 ? end : paceFromNanos + pacer.dueNanos(elapsed, sent);
    long underWay = 0;
    for (Connection connection : connections) {
      if (connection.isBusy()) {
        underWay++;
        oldest = Math.min(oldest, connection.dueNanos());
      }
    }
    return new Tally(
        recorder.seconds(),
        recorder.errors(),
        recorder.errorLatency(),
        connections.stream().mapToLong(Connection::bytesIn).sum() - bytesInBefore,
        connections.stream().mapToLong(Connection::bytesOut).sum() - bytesOutBefore,
        underWay + backlog,
        end - oldest);
  }
}
