package dev.skiff.server.http;

import dev.skiff.server.model.ServiceTime;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.util.BufferUtil;

/**
 * Small replies of one selector, held until it has answered all requests that it found at once: a
 * client with several connections is then woken once, not by each of its replies, which costs the
 * server more than to write them. Nothing is held longer than a quick model may run. Thread-safe;
 * its monitor guards what its end points hold, too.
 */
final class HeldReplies implements ManagedSelector.SelectorUpdate {
  private static final int MEMORY_BYTES = 64 << 10;

  /** What is larger costs more to copy than it gains. */
  private static final int MOST_BYTES = 8 << 10;

  private final ManagedSelector selector;
  private final List<LaneEndPoint> endPoints = new ArrayList<>();
  private final ByteBuffer memory = ByteBuffer.allocateDirect(MEMORY_BYTES);
  private long since;

  HeldReplies(ManagedSelector selector) {
    this.selector = selector;
  }

  /**
   * Copies a reply to be written later.
   *
   * @param endPoint whose reply it is, and who holds no other
   * @return false if it is not held, but to be written now
   */
  synchronized boolean hold(LaneEndPoint endPoint, ByteBuffer... reply) {
    long bytes = BufferUtil.remaining(reply);
    if (bytes == 0 || bytes > MOST_BYTES) {
      return false;
    }
    if (bytes > memory.remaining()) {
      release();
    }
    int start = memory.position();
    for (ByteBuffer part : reply) {
      memory.put(part);
    }
    endPoint.hold(memory.slice(start, (int) bytes));
    endPoints.add(endPoint);
    long now = System.nanoTime();
    if (endPoints.size() == 1) {
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

  private synchronized void release() {
    endPoints.forEach(LaneEndPoint::release);
    endPoints.clear();
    memory.clear();
  }
}
