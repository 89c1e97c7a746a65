package dev.skiff.server.http;

import java.io.EOFException;
import java.util.List;
import java.util.function.BiFunction;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.jspecify.annotations.Nullable;

/**
 * The short way to an answer: stands before Javalin's servlets and answers the requests of the fast
 * routes itself, on the thread that found them on the network. Plain ones come from a {@link
 * LaneConnection}, all others as Jetty's handlers get them. Nothing waits there. What would have
 * to, a body that is still coming or a model that is busy or not quick, goes on when it can: the
 * body is awaited without a thread, the model on one of the server's pool. Every other request, and
 * one whose path is not plain, goes to the pool and to Javalin. Thread-safe.
 */
final class FastLane extends Handler.Wrapper {
  private final List<PlainPath> paths;
  private final Reception reception;
  private final long maxRequestBytes;

  /**
   * The lane for those of the routes that are fast.
   *
   * @param maxRequestBytes the largest request body
   */
  FastLane(List<Route> routes, Reception reception, long maxRequestBytes) {
    this.paths = routes.stream().filter(Route::fast).map(PlainPath::new).toList();
    this.reception = reception;
    this.maxRequestBytes = maxRequestBytes;
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Visit visit = visit(request, response, callback);
    if (visit == null) {
      execute(() -> passOn(request, response, callback));
    } else {
      visit.run();
    }
    return true;
  }

  private @Nullable Visit visit(Request request, Response response, Callback callback) {
    return found(
        request.getHttpURI().getPath(),
        request.getMethod(),
        (path, parameters) -> new Visit(request, response, callback, path, parameters));
  }

  /** What is made of the fast route for this path, and of its parameters, if it has the method. */
  private <T> @Nullable T found(
      String path, String method, BiFunction<PlainPath, String[], T> made) {
    for (PlainPath plain : paths) {
      String[] parameters = plain.values(path);
      if (parameters != null) {
        return plain.route().answers(method) ? made.apply(plain, parameters) : null;
      }
    }
    return null;
  }

  /**
   * The exchange of a plain request, if it is for the lane.
   *
   * @param head for its reply
   * @param mayJoin whether it may run with others that came at the same time
   */
  @Nullable LaneExchange exchange(PlainRequest request, ReplyHead head, boolean mayJoin) {
    if (request.bodyLength() > maxRequestBytes) {
      return null;
    }
    return found(
        request.path(),
        request.method(),
        (path, parameters) ->
            new LaneExchange(
                request, head, path, parameters, mayJoin, getServer().getDateField().getValue()));
  }

  /**
   * Has a plain request answered.
   *
   * @return false if it is to come again, as {@link Reception#receive} says
   */
  boolean answer(LaneExchange exchange) {
    return reception.receive(exchange, exchange.route().path(), exchange.route());
  }

  /** The client of a plain request went away before it had its reply. */
  void abandoned() {
    reception.abandoned();
  }

  /** Does this on a thread that may wait. */
  void execute(Runnable task) {
    getServer().getThreadPool().execute(task);
  }

  private void passOn(Request request, Response response, Callback callback) {
    try {
      if (!super.handle(request, response, callback)) {
        Response.writeError(request, response, callback, HttpStatus.NOT_FOUND_404);
      }
    } catch (Throwable e) {
      Response.writeError(request, response, callback, e);
    }
  }

  /** One request on its way to its reply, in as many attempts as it takes. */
  private final class Visit implements Invocable.Task, Callback {
    private final Request request;
    private final Response response;
    private final Callback callback;
    private final Route route;
    private final FastLaneExchange exchange;

    Visit(
        Request request,
        Response response,
        Callback callback,
        PlainPath path,
        String[] parameters) {
      this.request = request;
      this.response = response;
      this.callback = callback;
      this.route = path.route();
      this.exchange =
          new FastLaneExchange(request, response, this, path, parameters, maxRequestBytes);
    }

    /** The next attempt. */
    @Override
    public void run() {
      try {
        if (exchange.lacksBody()
            && !exchange.takeBody()
            && (reception.admits(exchange, route) || exchange.hasLittleBody())) {
          request.demand(this);
        } else if (reception.receive(exchange, route.path(), route)) {
          exchange.close();
          if (!exchange.sent()) {
            callback.failed(new EOFException("the client went away"));
          }
        } else if (exchange.lacksBody()) {
          request.demand(this);
        } else {
          exchange.letWait();
          FastLane.this.execute(this);
        }
      } catch (Throwable e) {
        exchange.close();
        Response.writeError(request, response, callback, e);
      }
    }

    @Override
    public void succeeded() {
      exchange.replied();
      callback.succeeded();
    }

    @Override
    public void failed(Throwable failure) {
      exchange.replied();
      reception.abandoned(exchange, route.path());
      callback.failed(failure);
    }

    /** Of an attempt in place, and of the end of the reply. */
    @Override
    public InvocationType getInvocationType() {
      return InvocationType.NON_BLOCKING;
    }
  }
}
