package dev.skiff.server.http;

import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.thread.Scheduler;

/** The network's end of a connection, which knows its selector's rounds. */
final class LaneEndPoint extends SocketChannelEndPoint {
  private final Round round;

  LaneEndPoint(
      SocketChannel channel,
      ManagedSelector selector,
      SelectionKey key,
      Scheduler scheduler,
      Round round) {
    super(channel, selector, key, scheduler);
    this.round = round;
  }

  Round round() {
    return round;
  }

  @Override
  public void doClose() {
    round.release();
    super.doClose();
  }
}
