package dev.skiff.server.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.thread.Scheduler;

/** The network's end of a connection, which knows its selector's rounds. */
final class LaneEndPoint extends SocketChannelEndPoint {
  /**
   * The JDK copies what it writes of an array out of the heap, and each thread keeps that memory.
   */
  private static final int MOST_AT_ONCE = 64 << 10;

  private final SocketChannel channel;
  private final Round round;

  LaneEndPoint(
      SocketChannel channel,
      ManagedSelector selector,
      SelectionKey key,
      Scheduler scheduler,
      Round round) {
    super(channel, selector, key, scheduler);
    this.channel = channel;
    this.round = round;
  }

  Round round() {
    return round;
  }

  /** Large arrays go out in pieces: else all that is left is copied for each that is taken. */
  @Override
  public boolean flush(ByteBuffer... buffers) throws IOException {
    for (ByteBuffer buffer : buffers) {
      if (buffer.hasArray() && buffer.remaining() > MOST_AT_ONCE) {
        return flushInPieces(buffers);
      }
    }
    return buffers.length == 1 ? flushAlone(buffers[0]) : super.flush(buffers);
  }

  /** As Jetty does it for several, but by a write that does not gather, which costs less. */
  private boolean flushAlone(ByteBuffer buffer) throws IOException {
    try {
      if (channel.write(buffer) > 0) {
        notIdle();
      }
      return !buffer.hasRemaining();
    } catch (IOException e) {
      throw new EofException(e);
    }
  }

  private boolean flushInPieces(ByteBuffer... buffers) throws IOException {
    for (ByteBuffer buffer : buffers) {
      int end = buffer.limit();
      while (buffer.position() < end) {
        boolean isTaken;
        try {
          if (buffer.hasArray()) {
            buffer.limit(Math.min(end, buffer.position() + MOST_AT_ONCE));
          }
          isTaken = flushAlone(buffer);
        } finally {
          buffer.limit(end);
        }
        if (!isTaken) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  public void doClose() {
    round.release();
    super.doClose();
  }
}
