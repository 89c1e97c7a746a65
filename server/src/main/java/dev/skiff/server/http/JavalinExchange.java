package dev.skiff.server.http;

import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Tensor;
import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.Collections;
import java.util.Optional;
import org.eclipse.jetty.http.HttpException;
import org.jspecify.annotations.Nullable;

/** A request that came through one of Javalin's routes. */
final class JavalinExchange extends Exchange implements AutoCloseable {
  private static final int PIECE = 16 << 10;

  private final Context context;
  private final long maxRequestBytes;
  private boolean bodyTaken;
  private @Nullable RequestBuffer body;

  JavalinExchange(Context context, long maxRequestBytes) {
    this.context = context;
    this.maxRequestBytes = maxRequestBytes;
  }

  @Override
  String method() {
    // Not the context's: that one lets a header override the method.
    return context.req().getMethod();
  }

  @Override
  @Nullable String header(String name) {
    return context.req().getHeader(name);
  }

  @Override
  boolean isRepeated(String name) {
    return Collections.list(context.req().getHeaders(name)).size() > 1;
  }

  @Override
  Optional<String> parameter(String name) {
    return Optional.ofNullable(context.pathParamMap().get(name));
  }

  @Override
  boolean mayWait() {
    return true;
  }

  @Override
  Body body() throws IOException {
    bodyTaken = true;
    HttpServletRequest request = context.req();
    long length = request.getContentLengthLong();
    if (length > maxRequestBytes) {
      throw tooLarge(maxRequestBytes, length + " bytes");
    }
    RequestBuffer whole = new RequestBuffer(length, maxRequestBytes);
    body = whole;
    try {
      InputStream in = request.getInputStream();
      long pieces = 0;
      while (whole.size() != length && whole.read(in)) {
        pieces++;
        if (whole.size() > maxRequestBytes
            || RequestBuffer.isOverChunked(length, pieces, maxRequestBytes)) {
          throw tooLarge(maxRequestBytes, RequestBuffer.excess(length, pieces, maxRequestBytes));
        }
      }
    } catch (InferenceException e) {
      throw unread(e);
    } catch (IOException | HttpException.RuntimeException e) {
      throw broken(e);
    }
    if (whole.size() < length) {
      throw new IOException("the client ended its body early");
    }
    return whole.body();
  }

  @Override
  void replyHeader(String name, String value) {
    context.res().setHeader(name, value);
  }

  @Override
  protected void send(int status, String contentType, Body body) throws IOException {
    if (!bodyTaken && admitted) {
      drain();
    } else if (!bodyTaken && hasBody()) {
      // A stranger's body is not worth a thread.
      replyHeader("Connection", "close");
    }
    context.res().setStatus(status);
    context.res().setContentType(contentType);
    context.res().setContentLength(body.size());
    try {
      OutputStream out = context.res().getOutputStream();
      out.write(body.bytes(), body.offset(), body.length());
      WritableByteChannel channel = Channels.newChannel(out);
      for (Tensor tensor : body.tensors()) {
        channel.write(tensor.data().duplicate().rewind());
      }
    } finally {
      body.release();
    }
  }

  private boolean hasBody() {
    HttpServletRequest request = context.req();
    return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
  }

  /**
   * Reads what a request that is refused still sends: else the connection would end with the reply.
   * A client that waits for a 100 sends nothing before it gets that or a refusal.
   */
  private void drain() {
    HttpServletRequest request = context.req();
    if (request.getContentLengthLong() > maxRequestBytes || request.getHeader("Expect") != null) {
      return;
    }
    byte[] piece = new byte[PIECE];
    long left = maxRequestBytes;
    try {
      InputStream in = request.getInputStream();
      for (int read = 0; read >= 0 && left > 0; left -= read) {
        read = in.read(piece);
      }
    } catch (IOException | HttpException.RuntimeException e) {
      // Then the connection does end; the reply is the same.
    }
  }

  /** Gives the request's memory back, when the reply is out. */
  @Override
  public void close() {
    if (body != null) {
      body.close();
    }
  }
}
