package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.metrics.Metrics;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Gives the errors that Jetty itself finds, such as malformed HTTP, the shape of all others. */
final class JettyErrors extends ErrorHandler {
  private final Metrics metrics;

  JettyErrors(Metrics metrics) {
    this.metrics = metrics;
  }

  @Override
  public boolean errorPageForMethod(String method) {
    return true;
  }

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    metrics.error(ErrorMapper.code(code).name());
    Body body = body(code, message);
    response.getHeaders().put(RequestHeaders.REQUEST_ID, RequestHeaders.newRequestId());
    response
        .getHeaders()
        .put(Timings.HEADER, Timings.total(System.nanoTime() - request.getBeginNanoTime()));
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, Json.CONTENT_TYPE);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length());
    // Jetty says so by itself only where it could read the request's version.
    if (!request.getConnectionMetaData().isPersistent()) {
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
    }
    response.write(true, ByteBuffer.wrap(body.bytes(), body.offset(), body.length()), callback);
  }

  private static Body body(int status, @Nullable String reason) {
    String said = reason == null || reason.isBlank() ? "status " + status : reason;
    return ErrorMapper.body(ErrorMapper.code(status), "the request is not served: " + said);
  }
}
