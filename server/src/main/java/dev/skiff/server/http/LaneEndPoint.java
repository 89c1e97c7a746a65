package dev.skiff.server.http;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.thread.Scheduler;

/** The network's end of a connection, which knows where its selector's replies are held. */
final class LaneEndPoint extends SocketChannelEndPoint {
  private final HeldReplies replies;

  LaneEndPoint(
      SocketChannel channel,
      ManagedSelector selector,
      SelectionKey key,
      Scheduler scheduler,
      HeldReplies replies) {
    super(channel, selector, key, scheduler);
    this.replies = replies;
  }

  HeldReplies replies() {
    return replies;
  }

  @Override
  public void doClose() {
    replies.release();
    super.doClose();
  }
}
