package dev.skiff.server.http;

import dev.skiff.server.batching.Batcher;
import dev.skiff.server.batching.Company;
import dev.skiff.server.batching.Outcome;
import dev.skiff.server.model.ServiceTime;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.io.ManagedSelector;
import org.jspecify.annotations.Nullable;

/**
 * What a selector does for all requests together that it found at once. Predictions of one model
 * run as one, where that is right and faster; and small replies go out at the end: a client with
 * several connections is then woken once, not by each of its replies, which costs the server more
 * than to write them. Nothing waits longer than a quick model may run. Thread-safe.
 */
final class Round implements ManagedSelector.SelectorUpdate {
  private static final int MEMORY_BYTES = 64 << 10;

  /** What is larger costs more to copy than it gains. */
  private static final int MOST_BYTES = 8 << 10;

  private final ManagedSelector selector;
  private final ByteBuffer memory = ByteBuffer.allocateDirect(MEMORY_BYTES);
  private final List<Held> held = new ArrayList<>();
  private @Nullable Company company;
  private final List<Member> members = new ArrayList<>();
  private boolean hasBegun;
  private long began;

  private record Held(LaneConnection connection, ByteBuffer reply) {}

  private record Member(LaneConnection connection, LaneExchange exchange, Prediction<?> begun) {}

  Round(ManagedSelector selector) {
    this.selector = selector;
  }

  /** Whether a prediction may run with others. Then its exchange has to {@link #await} that. */
  static boolean admits(Prediction<?> prediction) {
    return prediction.model().serviceTime().isQuick(prediction.request())
        && prediction.model().batcher().joins(prediction.request());
  }

  /** Answers an exchange whose prediction was admitted, when that has run. */
  synchronized void await(
      LaneConnection connection, LaneExchange exchange, Prediction<?> prediction) {
    Batcher batcher = prediction.model().batcher();
    Company joined = company;
    if (joined == null || !joined.add(batcher, prediction.request())) {
      run();
      joined = batcher.company();
      joined.add(batcher, prediction.request());
      company = joined;
    }
    members.add(new Member(connection, exchange, prediction));
    begin();
    if (joined.isFull()
        || members.size() * prediction.model().serviceTime().nanos() > ServiceTime.QUICK_NANOS) {
      run();
    }
  }

  private void run() {
    List<Member> due = List.copyOf(members);
    members.clear();
    if (company != null && due.size() > 1) {
      long start = System.nanoTime();
      List<Outcome> outcomes = company.tryRun();
      for (int i = 0; i < outcomes.size(); i++) {
        due.get(i).begun().ran(outcomes.get(i), start, due.size());
      }
    }
    company = null;
    for (Member member : due) {
      member.connection().goOn(member.exchange());
    }
  }

  /**
   * Copies a reply to be written later.
   *
   * @return false if it is not held, but to be written now
   */
  synchronized boolean hold(LaneConnection connection, ReplyHead head, Exchange.Body body) {
    int bytes = head.length() + body.size();
    if (bytes > MOST_BYTES) {
      return false;
    }
    if (bytes > memory.remaining()) {
      release();
    }
    int start = memory.position();
    head.copyTo(memory);
    memory.put(body.bytes(), body.offset(), body.length());
    held.add(new Held(connection, memory.slice(start, bytes)));
    begin();
    return true;
  }

  private void begin() {
    long now = System.nanoTime();
    if (!hasBegun) {
      hasBegun = true;
      began = now;
      // It runs before the selector looks for requests again.
      selector.submit(this);
    } else if (now - began > ServiceTime.QUICK_NANOS) {
      finish();
    }
  }

  @Override
  public synchronized void update(Selector selected) {
    finish();
    hasBegun = false;
  }

  /** Has all that waits run and written now. */
  synchronized void finish() {
    run();
    release();
  }

  /** Has all replies written that are held. */
  synchronized void release() {
    List<Held> due = List.copyOf(held);
    // One that closes its connection comes back here.
    held.clear();
    for (Held reply : due) {
      reply.connection().write(reply.reply());
    }
    memory.clear();
    began = System.nanoTime();
  }
}
