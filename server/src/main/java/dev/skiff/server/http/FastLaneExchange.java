package dev.skiff.server.http;

import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingNestedCallback;
import org.jspecify.annotations.Nullable;

/** A request that came through the fast lane. */
final class FastLaneExchange extends Exchange implements AutoCloseable {
  private static final int LITTLE = 16 << 10;

  private final Request request;
  private final Response response;
  private final Callback replied;
  private final PlainPath path;
  private final String[] parameters;
  private final long maxRequestBytes;
  private final ArrivingBody body;
  private boolean mayWait;
  private boolean lacksBody;
  private @Nullable Body sent;

  /**
   * A request that may not wait.
   *
   * @param parameters the values in its path
   * @param replied told when the last byte of the reply is out
   */
  FastLaneExchange(
      Request request,
      Response response,
      Callback replied,
      PlainPath path,
      String[] parameters,
      long maxRequestBytes) {
    this.request = request;
    this.response = response;
    this.replied = replied;
    this.path = path;
    this.parameters = parameters;
    this.maxRequestBytes = maxRequestBytes;
    this.body = new ArrivingBody(request, request.getLength(), maxRequestBytes);
    // Even what is refused is read before: else the connection would end with the reply. A client
    // that waits for a 100 sends nothing before it gets that or a refusal.
    this.lacksBody =
        request.getLength() <= maxRequestBytes && !request.getHeaders().contains(HttpHeader.EXPECT);
  }

  @Override
  String method() {
    return request.getMethod();
  }

  @Override
  @Nullable String header(String name) {
    return request.getHeaders().get(name);
  }

  @Override
  boolean isRepeated(String name) {
    return request.getHeaders().getValuesList(name).size() > 1;
  }

  @Override
  Optional<String> parameter(String name) {
    return path.value(name, parameters);
  }

  @Override
  boolean mayWait() {
    return mayWait;
  }

  /**
   * Whether its body is worth waiting for even from a stranger, whose connection can go on then.
   */
  boolean hasLittleBody() {
    return request.getLength() <= LITTLE && request.getLength() >= 0;
  }

  /** From now on it has a thread of its own. */
  void letWait() {
    mayWait = true;
    // Nothing moves on its connection while a model runs; that is no reason to end it.
    request.addIdleTimeoutListener(timeout -> false);
  }

  @Override
  Body body() throws IOException {
    if (request.getLength() > maxRequestBytes) {
      throw tooLarge(maxRequestBytes, request.getLength() + " bytes");
    }
    if (!takeBody()) {
      throw Postponed.INSTANCE;
    }
    if (body.isTooLarge()) {
      throw tooLarge(maxRequestBytes, body.excess());
    }
    InferenceException refusal = body.refusal();
    if (refusal != null) {
      throw unread(refusal);
    }
    Throwable failure = body.failure();
    if (failure != null) {
      throw broken(failure);
    }
    return body.body();
  }

  /** Whether its body is to be taken before it goes on. */
  boolean lacksBody() {
    return lacksBody;
  }

  /** Takes what has come of the body, and says whether that is all of it. */
  boolean takeBody() {
    lacksBody = !body.take();
    return !lacksBody;
  }

  @Override
  void replyHeader(String name, String value) {
    response.getHeaders().put(name, value);
  }

  @Override
  protected void send(int status, String contentType, Body reply) {
    sent = reply;
    if (lacksBody) {
      replyHeader("Connection", "close");
    }
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, reply.size());
    new Pieces(reply.pieces()).iterate();
  }

  /** Writes a body piece by piece. */
  private final class Pieces extends IteratingNestedCallback {
    private final ByteBuffer[] pieces;
    private int next;

    Pieces(ByteBuffer... pieces) {
      super(replied);
      this.pieces = pieces;
    }

    @Override
    protected Action process() {
      if (next == pieces.length) {
        return Action.SUCCEEDED;
      }
      ByteBuffer piece = pieces[next++];
      response.write(next == pieces.length, piece, this);
      return Action.SCHEDULED;
    }
  }

  /** Whether a reply is on its way. */
  boolean sent() {
    return sent != null;
  }

  /** The last byte of the reply is out, or it will never be. */
  void replied() {
    if (sent != null) {
      sent.release();
    }
  }

  /** Gives the request's memory back, when there is a reply or there will be none. */
  @Override
  public void close() {
    body.close();
  }
}
