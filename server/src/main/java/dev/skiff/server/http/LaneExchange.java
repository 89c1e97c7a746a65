package dev.skiff.server.http;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A plain request, and its reply as it goes to the network. */
final class LaneExchange extends Exchange {
  private final PlainRequest request;
  private final PlainPath path;
  private final String[] parameters;
  private final ReplyHead head;
  private final boolean mayJoin;
  private boolean mayWait;
  private @Nullable Body reply;

  /**
   * A request that may not wait.
   *
   * @param head for its reply, which nobody else uses until that is out
   * @param parameters the values in its path
   * @param mayJoin whether it may run with others that came at the same time
   * @param date what the time is, as a header says it
   */
  LaneExchange(
      PlainRequest request,
      ReplyHead head,
      PlainPath path,
      String[] parameters,
      boolean mayJoin,
      String date) {
    this.request = request;
    this.head = head;
    this.path = path;
    this.parameters = parameters;
    this.mayJoin = mayJoin;
    head.begin();
    replyHeader("Date", date);
  }

  @Override
  String method() {
    return request.method();
  }

  @Override
  @Nullable String header(String name) {
    return request.header(name);
  }

  @Override
  boolean isRepeated(String name) {
    return request.isRepeated(name);
  }

  @Override
  Optional<String> parameter(String name) {
    return path.value(name, parameters);
  }

  Route route() {
    return path.route();
  }

  @Override
  boolean mayWait() {
    return mayWait;
  }

  /** From now on it has a thread of its own. */
  void letWait() {
    mayWait = true;
  }

  @Override
  boolean joins(Prediction<?> begun) {
    return mayJoin && !mayWait && Round.admits(begun);
  }

  @Override
  Body body() {
    return new Body(request.bytes(), request.body(), request.bodyLength());
  }

  /** Values are the server's own, or checked by it. */
  @Override
  void replyHeader(String name, String value) {
    head.add(name, value);
  }

  @Override
  protected void send(int status, String contentType, Body sent) {
    head.add("Content-Type", contentType);
    head.add("Content-Length", Integer.toString(sent.size()));
    head.end(status);
    reply = sent;
  }

  /** The reply, up to its body. */
  ReplyHead head() {
    return head;
  }

  /** All of the reply, piece by piece. */
  ByteBuffer[] pieces() {
    ByteBuffer[] body = reply().pieces();
    ByteBuffer[] all = new ByteBuffer[1 + body.length];
    all[0] = head.bytes();
    System.arraycopy(body, 0, all, 1, body.length);
    return all;
  }

  /** The body of the reply, to be released when it is out. */
  Body reply() {
    return Objects.requireNonNull(reply);
  }
}
