package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection as long as all its requests are plain and small: read from the network, answered in
 * place if that is quick, and held for the next round of writing, with none of Jetty's objects in
 * between. The first request that is not makes it one of Jetty's, which reads that request anew; it
 * stays so. Jetty calls it on one thread at a time.
 */
final class LaneConnection extends AbstractConnection implements Connection.UpgradeFrom {
  private static final Logger log = LoggerFactory.getLogger(LaneConnection.class);

  /** A request that comes in more pieces is Jetty's to wait for. */
  private static final int MOST_PIECES = 4;

  private static final ThreadLocal<@Nullable ByteBuffer> KEPT = new ThreadLocal<>();

  private final AbstractConnector connector;
  private final FastLane lane;
  private final Supplier<Connection> jettys;
  private final @Nullable Round round;
  private final PlainRequest request = new PlainRequest();
  private final ReplyHead head = new ReplyHead();
  private final Callback fillable =
      Callback.from(InvocationType.NON_BLOCKING, this::onFillable, this::onFillInterestedFailed);

  /** What was read and not answered; null between requests. */
  private @Nullable ByteBuffer input;

  /** Whether a request that waits is still read from there. */
  private boolean isInUse;

  /** In how many pieces a request has come whose rest has not. */
  private volatile int pieces;

  private final ReplyUnderWay underWay =
      // Not here: a reply may be out in the middle of a round.
      new ReplyUnderWay(() -> getExecutor().execute(this::onFillable));
  private volatile boolean isAnswering;

  /**
   * A connection that has not been opened.
   *
   * @param jettys makes the connection that takes its place
   */
  LaneConnection(
      Connector connector, EndPoint endPoint, FastLane lane, Supplier<Connection> jettys) {
    super(endPoint, connector.getExecutor());
    this.connector = (AbstractConnector) connector;
    this.lane = lane;
    this.jettys = jettys;
    this.round = endPoint instanceof LaneEndPoint end ? end.round() : null;
  }

  /** Makes what the thread that calls it has for itself. */
  static void prepareThread() {
    KEPT.set(null);
  }

  @Override
  public void onOpen() {
    super.onOpen();
    fillInterested(fillable);
  }

  @Override
  public void onFillable() {
    try {
      if (!underWay.waits()) {
        isInUse = false;
        ByteBuffer in = input();
        int filled = getEndPoint().fill(in);
        if (filled < 0 && !in.hasRemaining()) {
          giveBack();
          close();
        } else if (filled < 0) {
          becomeJettys();
        } else {
          answer(in);
        }
      }
    } catch (IOException e) {
      getEndPoint().close(e);
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  /** Ends the connection for a fault of the server. Those of its round go on. */
  private void fail(Throwable fault) {
    log.error("a connection failed", fault);
    getEndPoint().close(fault);
  }

  private void answer(ByteBuffer in) {
    while (in.hasRemaining()) {
      PlainRequest.Form form = request.read(in);
      int came = pieces + 1;
      if (form == PlainRequest.Form.PART && came < MOST_PIECES && makesRoom(in)) {
        pieces = came;
        fillInterested(fillable);
        return;
      }
      if (form != PlainRequest.Form.WHOLE || !answerRequest()) {
        becomeJettys();
        return;
      }
      pieces = 0;
      in.position(in.position() + request.length());
      if (in.hasRemaining() && round != null) {
        // Replies go out in the order of their requests.
        round.finish();
      }
      if ((in.hasRemaining() || isInUse) && underWay.waits()) {
        return;
      }
      isInUse = false;
    }
    giveBack();
    fillInterested(fillable);
  }

  private boolean answerRequest() {
    LaneExchange exchange =
        connector.isShutdown() ? null : lane.exchange(request, head, round != null);
    if (exchange == null) {
      return false;
    }
    underWay.begin();
    boolean answered = lane.answer(exchange);
    Prediction<?> joined = exchange.prediction;
    if (answered) {
      reply(exchange);
    } else if (joined != null && round != null) {
      request.keep();
      round.await(this, exchange, joined);
    } else {
      isInUse = true;
      answerElsewhere(exchange);
    }
    return true;
  }

  /** Has a reply that was made in place written, with those of the round if it is small. */
  private void reply(LaneExchange exchange) {
    Body body = exchange.reply();
    if (round != null && round.hold(this, exchange.head(), body)) {
      body.release();
      underWay.end();
    } else {
      send(exchange);
    }
  }

  /** Answers an exchange whose prediction has run with others, or is to run alone. */
  void goOn(LaneExchange exchange) {
    try {
      if (lane.answer(exchange)) {
        reply(exchange);
      } else {
        answerElsewhere(exchange);
      }
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void answerElsewhere(LaneExchange exchange) {
    isAnswering = true;
    lane.execute(() -> answerWaiting(exchange));
  }

  private void answerWaiting(LaneExchange exchange) {
    try {
      exchange.letWait();
      lane.answer(exchange);
      isAnswering = false;
      send(exchange);
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void send(LaneExchange exchange) {
    Body body = exchange.reply();
    getEndPoint()
        .write(
            Callback.from(
                InvocationType.NON_BLOCKING,
                () -> {
                  body.release();
                  underWay.end();
                },
                failure -> {
                  body.release();
                  abandon(failure);
                }),
            exchange.pieces());
  }

  /** Writes a reply that was held. What the network does not take at once is copied. */
  void write(ByteBuffer reply) {
    try {
      if (!getEndPoint().flush(reply)) {
        underWay.begin();
        getEndPoint()
            .write(
                Callback.from(InvocationType.NON_BLOCKING, underWay::end, this::abandon),
                BufferUtil.copy(reply));
      }
    } catch (IOException e) {
      abandon(e);
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  /** Ends the connection of a client that does not take its reply. */
  private void abandon(Throwable failure) {
    lane.abandoned();
    getEndPoint().close(failure);
  }

  /** Nothing moves while a model runs; that is no reason to end the connection. */
  @Override
  public boolean onIdleExpired(TimeoutException timeout) {
    return !isAnswering;
  }

  private ByteBuffer input() {
    ByteBuffer mine = input;
    if (mine == null) {
      mine = KEPT.get();
      KEPT.set(null);
      if (mine == null || mine.capacity() != getInputBufferSize()) {
        mine = BufferUtil.allocate(getInputBufferSize());
      }
      input = mine;
    }
    return mine;
  }

  private boolean makesRoom(ByteBuffer in) {
    BufferUtil.compact(in);
    return in.limit() < in.capacity();
  }

  private void giveBack() {
    if (input != null) {
      BufferUtil.clear(input);
      KEPT.set(input);
      input = null;
    }
  }

  private void becomeJettys() {
    getEndPoint().upgrade(jettys.get());
    giveBack();
  }

  @Override
  public @Nullable ByteBuffer onUpgradeFrom() {
    return input;
  }

  private boolean isIncomplete() {
    return pieces > 0;
  }

  /** Leaves a request whose rest has not come to Jetty, which knows how long to wait for it. */
  void leaveIncomplete() {
    if (isIncomplete() && getEndPoint() instanceof AbstractEndPoint end) {
      // It does nothing if the rest comes at this moment.
      end.getFillInterest().onFail(new LeftToJetty());
    }
  }

  @Override
  public void onFillInterestedFailed(Throwable cause) {
    if (!(cause instanceof LeftToJetty)) {
      super.onFillInterestedFailed(cause);
    } else if (isIncomplete()) {
      becomeJettys();
    } else {
      fillInterested(fillable);
    }
  }

  /** Ends the wait for the rest of a request. */
  private static final class LeftToJetty extends Exception {
    private static final long serialVersionUID = 1;
  }

  @Override
  protected boolean onReadTimeout(TimeoutException timeout) {
    if (!isIncomplete()) {
      return true;
    }
    becomeJettys();
    return false;
  }
}
