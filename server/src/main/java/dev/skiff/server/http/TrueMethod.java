package dev.skiff.server.http;

import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Stands before Javalin and hides the header that would make it take a request for one of another
 * method, which there may be no route for.
 */
final class TrueMethod extends Handler.Wrapper {
  private static final String OVERRIDE = "X-HTTP-Method-Override";

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    boolean overrides = request.getHeaders().contains(OVERRIDE);
    return super.handle(overrides ? new Plain(request) : request, response, callback);
  }

  private static final class Plain extends Request.Wrapper {
    private final HttpFields headers;

    private Plain(Request request) {
      super(request);
      headers = HttpFields.build(request.getHeaders()).remove(OVERRIDE).asImmutable();
    }

    @Override
    public HttpFields getHeaders() {
      return headers;
    }
  }
}
