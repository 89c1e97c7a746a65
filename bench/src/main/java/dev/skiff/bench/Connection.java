package dev.skiff.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;

/**
 * One keep-alive connection with at most one request under way. Every step answers with the {@link
 * ConnectionEvent} that it caused, and never blocks. Belongs to the thread of its selector; times
 * are nanoseconds on the {@link Timeline}.
 */
final class Connection implements AutoCloseable {
  private enum State {
    NOT_OPEN,
    CONNECTING,
    IDLE,
    BUSY
  }

  private final Wire wire;
  private final ByteBuffer outgoing;
  private final ReplyParser parser = new ReplyParser();
  private State state = State.NOT_OPEN;
  private long sinceNanos;
  private long dueNanos;

  Connection(Request request, Selector selector) {
    this.wire = new Wire(request.address(), selector);
    this.outgoing = request.bytes();
  }

  /** Starts to connect: {@code OPENED}, {@code NOTHING} yet, or {@code CONNECT_FAILED}. */
  ConnectionEvent open(long nowNanos) {
    sinceNanos = nowNanos;
    state = State.CONNECTING;
    try {
      return wire.connect(this) ? opened() : ConnectionEvent.NOTHING;
    } catch (IOException e) {
      return end(ConnectionEvent.CONNECT_FAILED);
    }
  }

  /** Sends the request on an idle connection, as much of it as the socket takes. */
  ConnectionEvent send(long dueNanos, long nowNanos) {
    this.dueNanos = dueNanos;
    sinceNanos = nowNanos;
    state = State.BUSY;
    outgoing.clear();
    parser.reset();
    try {
      wire.write(outgoing);
      return ConnectionEvent.NOTHING;
    } catch (IOException e) {
      return end(ConnectionEvent.CLOSED);
    }
  }

  /**
   * Takes the next step after the selector has chosen this connection.
   *
   * @param scratch any buffer; its content is lost
   */
  ConnectionEvent advance(ByteBuffer scratch) {
    try {
      return switch (state) {
        case NOT_OPEN -> ConnectionEvent.NOTHING;
        case CONNECTING -> wire.finishConnect() ? opened() : ConnectionEvent.NOTHING;
        // Without a request under way a server has nothing to say but that it closes.
        case IDLE -> end(ConnectionEvent.LOST);
        case BUSY -> exchange(scratch);
      };
    } catch (MalformedMessageException e) {
      return end(ConnectionEvent.MALFORMED);
    } catch (IOException e) {
      return end(
          state == State.CONNECTING ? ConnectionEvent.CONNECT_FAILED : ConnectionEvent.CLOSED);
    }
  }

  /** Gives up on a connection or a reply that takes longer than the timeout. */
  ConnectionEvent expire(long nowNanos, long timeoutNanos) {
    boolean late = nowNanos - sinceNanos > timeoutNanos;
    return switch (state) {
      case NOT_OPEN, IDLE -> ConnectionEvent.NOTHING;
      case CONNECTING -> late ? end(ConnectionEvent.CONNECT_FAILED) : ConnectionEvent.NOTHING;
      case BUSY -> late ? end(ConnectionEvent.TIMED_OUT) : ConnectionEvent.NOTHING;
    };
  }

  boolean isBusy() {
    return state == State.BUSY;
  }

  /** Whether the connection can carry another request after {@code ANSWERED}. */
  boolean isReusable() {
    return parser.keepAlive() && !outgoing.hasRemaining();
  }

  /** The status of the last reply. */
  int status() {
    return parser.status();
  }

  /** When the current or last request was planned to go out. */
  long dueNanos() {
    return dueNanos;
  }

  /** Bytes received since the start, over all sockets that this connection has had. */
  long bytesIn() {
    return wire.bytesIn();
  }

  /** Bytes sent since the start, over all sockets that this connection has had. */
  long bytesOut() {
    return wire.bytesOut();
  }

  @Override
  public void close() {
    wire.close();
    state = State.NOT_OPEN;
  }

  private ConnectionEvent end(ConnectionEvent event) {
    close();
    return event;
  }

  private ConnectionEvent opened() {
    state = State.IDLE;
    return ConnectionEvent.OPENED;
  }

  private ConnectionEvent answered() {
    state = State.IDLE;
    return ConnectionEvent.ANSWERED;
  }

  private ConnectionEvent exchange(ByteBuffer scratch) throws IOException {
    int count;
    do {
      count = wire.read(scratch);
      if (count < 0) {
        return parser.endOfStream() ? answered() : end(ConnectionEvent.CLOSED);
      }
      if (parser.consume(scratch)) {
        return scratch.hasRemaining() ? end(ConnectionEvent.MALFORMED) : answered();
      }
    } while (count == scratch.capacity()); // fewer bytes: the socket is empty for now
    if (outgoing.hasRemaining()) {
      wire.write(outgoing);
    }
    return ConnectionEvent.NOTHING;
  }
}
