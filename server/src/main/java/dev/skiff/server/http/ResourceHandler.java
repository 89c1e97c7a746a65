package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Answers with one file out of the server's own jar. There is a handler for each file that may be
 * asked for, so no path of a request ever names one. The file is read when it is first asked for,
 * not at the start, which most servers never need it for. Thread-safe.
 */
final class ResourceHandler implements Handler {
  /** A page may load and call this server, nothing else, and runs no script but the files here. */
  static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final String file;
  private final String contentType;
  private volatile @Nullable Body content;

  /**
   * A handler for one file.
   *
   * @param file its absolute name among the resources
   */
  ResourceHandler(String file, String contentType) {
    this.file = file;
    this.contentType = contentType;
  }

  @Override
  public void handle(Exchange exchange) throws IOException {
    Body body = content;
    if (body == null) {
      // Two first requests may both read it, to the same effect.
      body = read();
      content = body;
    }
    exchange.replyHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    exchange.replyHeader("Referrer-Policy", "no-referrer");
    // The next version of the server comes with its own files.
    exchange.replyHeader("Cache-Control", "no-cache");
    exchange.reply(200, contentType, body);
  }

  private Body read() {
    try (InputStream in = ResourceHandler.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing in the jar");
      }
      return new Body(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
