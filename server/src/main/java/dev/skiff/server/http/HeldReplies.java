package dev.skiff.server.http;

import dev.skiff.server.model.ServiceTime;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.io.ManagedSelector;

/**
 * Small replies of one selector, held until it has answered all requests that it found at once: a
 * client with several connections is then woken once, not by each of its replies, which costs the
 * server more than to write them. Nothing is held longer than a quick model may run. Thread-safe.
 */
final class HeldReplies implements ManagedSelector.SelectorUpdate {
  private static final int MEMORY_BYTES = 64 << 10;

  /** What is larger costs more to copy than it gains. */
  private static final int MOST_BYTES = 8 << 10;

  private final ManagedSelector selector;
  private final ByteBuffer memory = ByteBuffer.allocateDirect(MEMORY_BYTES);
  private final List<Held> held = new ArrayList<>();
  private long since;

  private record Held(LaneConnection connection, ByteBuffer reply) {}

  HeldReplies(ManagedSelector selector) {
    this.selector = selector;
  }

  /**
   * Copies a reply to be written later.
   *
   * @return false if it is not held, but to be written now
   */
  synchronized boolean hold(LaneConnection connection, byte[] head, Exchange.Body body) {
    int bytes = head.length + body.length();
    if (bytes > MOST_BYTES) {
      return false;
    }
    if (bytes > memory.remaining()) {
      release();
    }
    int start = memory.position();
    memory.put(head).put(body.bytes(), body.offset(), body.length());
    held.add(new Held(connection, memory.slice(start, bytes)));
    long now = System.nanoTime();
    if (held.size() == 1) {
      since = now;
      // It runs before the selector looks for requests again.
      selector.submit(this);
    } else if (now - since > ServiceTime.QUICK_NANOS) {
      release();
    }
    return true;
  }

  @Override
  public void update(Selector selected) {
    release();
  }

  /** Has all of them written. */
  synchronized void release() {
    List<Held> due = List.copyOf(held);
    // One that closes its connection comes back here.
    held.clear();
    for (Held reply : due) {
      reply.connection().write(reply.reply());
    }
    memory.clear();
  }
}
