package dev.skiff.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Objects;
import java.util.Optional;
import org.eclipse.jetty.http.HttpStatus;
import org.jspecify.annotations.Nullable;

/** A plain request, and its reply as it goes to the network. */
final class LaneExchange extends Exchange {
  private static final String OK = "HTTP/1.1 200 OK\r\n";
  private static final int USUAL_HEAD = 320;

  private final PlainRequest request;
  private final PlainPath path;
  private final String[] parameters;
  private final StringBuilder head = new StringBuilder(USUAL_HEAD).append(OK);
  private final boolean mayJoin;
  private boolean mayWait;
  private @Nullable Body reply;

  /**
   * A request that may not wait.
   *
   * @param parameters the values in its path
   * @param mayJoin whether it may run with others that came at the same time
   * @param date what the time is, as a header says it
   */
  LaneExchange(
      PlainRequest request, PlainPath path, String[] parameters, boolean mayJoin, String date) {
    this.request = request;
    this.path = path;
    this.parameters = parameters;
    this.mayJoin = mayJoin;
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
    head.append(name).append(": ").append(value).append("\r\n");
  }

  @Override
  protected void send(int status, String contentType, Body sent) {
    if (status != HttpStatus.OK_200) {
      head.replace(
          0, OK.length(), "HTTP/1.1 " + status + " " + HttpStatus.getMessage(status) + "\r\n");
    }
    replyHeader("Content-Type", contentType);
    head.append("Content-Length: ").append(sent.length()).append("\r\n\r\n");
    reply = sent;
  }

  /** The reply, up to its body. */
  byte[] head() {
    return head.toString().getBytes(ISO_8859_1);
  }

  /** The body of the reply, to be released when it is out. */
  Body reply() {
    return Objects.requireNonNull(reply);
  }
}
