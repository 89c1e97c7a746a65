package dev.skiff.server.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritePendingException;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * A connection of the {@link FastLane}. After a reply it can let the other connections of its
 * selector come first: Jetty would read on, and a client that is quick to send its next request
 * would keep the selector for itself; and to find nothing there costs a system call. The reply
 * itself can wait for those of the others.
 */
final class LaneEndPoint extends SocketChannelEndPoint {
  /** Until it is selected. Seen late it costs a read or a selection more, nothing else. */
  private boolean givesWay;

  private boolean mayHold;

  /** Its monitor guards what follows. */
  private final HeldReplies replies;

  /** A reply, or its rest, that Jetty believes written. */
  private volatile @Nullable ByteBuffer held;

  /** Whether the rest of a reply waits for the network, with Jetty's next write behind it. */
  private boolean restIsPending;

  private @Nullable Write next;

  @SuppressWarnings("ArrayRecordComponent") // as Jetty gives them, never compared
  private record Write(Callback callback, ByteBuffer... buffers) {}

  LaneEndPoint(
      SocketChannel channel,
      ManagedSelector selector,
      SelectionKey key,
      Scheduler scheduler,
      HeldReplies replies) {
    super(channel, selector, key, scheduler);
    this.replies = replies;
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

  /** Lets what is written next wait for the replies of the other connections. */
  void mayHoldReply() {
    mayHold = true;
  }

  @Override
  public void write(Callback callback, ByteBuffer... buffers) {
    synchronized (replies) {
      if (restIsPending) {
        // One at most: Jetty takes no further request before it is written.
        next = new Write(callback, buffers);
        return;
      }
    }
    super.write(callback, buffers);
  }

  @Override
  public boolean flush(ByteBuffer... buffers) throws IOException {
    if (held != null && !flushHeld()) {
      return false;
    }
    boolean holds = mayHold;
    mayHold = false;
    return (holds && replies.hold(this, buffers)) || super.flush(buffers);
  }

  private boolean flushHeld() throws IOException {
    synchronized (replies) {
      if (held != null && super.flush(held)) {
        held = null;
      }
      return held == null;
    }
  }

  /** Keeps a reply until it is released. */
  void hold(ByteBuffer reply) {
    held = reply;
  }

  /** Has the reply written. What the network does not take at once is copied. */
  void release() {
    synchronized (replies) {
      try {
        if (flushHeld()) {
          return;
        }
        ByteBuffer rest = BufferUtil.copy(held);
        held = rest;
        restIsPending = true;
        super.write(Callback.from(this::restWritten, this::restFailed), rest);
      } catch (WritePendingException e) {
        // Another thread's reply waits for the network, and this one goes before it.
        restIsPending = false;
      } catch (IOException e) {
        close(e);
      }
    }
  }

  private void restWritten() {
    Write due = endRest();
    if (due != null) {
      super.write(due.callback(), due.buffers());
    }
  }

  private void restFailed(Throwable failure) {
    Write due = endRest();
    if (due != null) {
      due.callback().failed(failure);
    }
    close(failure);
  }

  private @Nullable Write endRest() {
    synchronized (replies) {
      restIsPending = false;
      Write due = next;
      next = null;
      return due;
    }
  }

  @Override
  protected void doShutdownOutput() {
    release();
    super.doShutdownOutput();
  }

  @Override
  public void doClose() {
    release();
    super.doClose();
  }
}
