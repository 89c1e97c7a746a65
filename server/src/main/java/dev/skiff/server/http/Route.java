package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;

/**
 * One resource.
 *
 * @param path its path, with parts in braces that the handler reads as parameters
 * @param method the one method that it answers; GET answers HEAD too
 * @param fast whether it is answered in the {@link FastLane} too
 * @param isGuarded whether it answers only those that the {@link Gate} admits
 */
record Route(String path, String method, Handler handler, boolean fast, boolean isGuarded)
    implements Handler {

  static Route get(String path, Handler handler) {
    return new Route(path, "GET", handler, false, true);
  }

  static Route fastGet(String path, Handler handler) {
    return new Route(path, "GET", handler, true, true);
  }

  static Route fastPost(String path, Handler handler) {
    return new Route(path, "POST", handler, true, true);
  }

  /** The same for everybody. */
  Route unguarded() {
    return new Route(path, method, handler, fast, false);
  }

  /** Whether this resource answers the method. */
  boolean answers(String asked) {
    return asked.equals(method) || (asked.equals("HEAD") && method.equals("GET"));
  }

  /** The methods that a client may use, as the Allow header lists them. */
  String allow() {
    return method.equals("GET") ? "GET, HEAD" : method;
  }

  /** Whether a request for this path, in its decoded form, is for this resource. */
  boolean matches(String asked) {
    String[] parts = path.split("/", -1);
    // Javalin finds a path with a slash at its end too.
    String[] given = asked.replaceFirst("(?<=.)/$", "").split("/", -1);
    boolean same = parts.length == given.length;
    for (int i = 0; same && i < parts.length; i++) {
      same = parts[i].startsWith("{") || parts[i].equals(given[i]);
    }
    return same;
  }

  /**
   * Hands the request to the handler.
   *
   * @throws InferenceException METHOD_NOT_ALLOWED for another method
   */
  @Override
  public void handle(Exchange exchange) throws IOException {
    String asked = exchange.method();
    if (!answers(asked)) {
      exchange.replyHeader("Allow", allow());
      throw new InferenceException(
          ErrorCode.METHOD_NOT_ALLOWED, path + " answers " + allow() + ", got " + asked);
    }
    handler.handle(exchange);
  }
}
