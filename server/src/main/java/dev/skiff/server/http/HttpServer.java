package dev.skiff.server.http;

import dev.skiff.server.config.HttpConfig;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelRepository;
import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import io.javalin.util.JavalinException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's front: Javalin with its routes on Jetty. Starts and stops once, from one thread;
 * requests come on Jetty's.
 */
public final class HttpServer {
  private static final Logger log = LoggerFactory.getLogger(HttpServer.class);
  private static final int HEADER_BYTES = 8 << 10;

  /**
   * Of the heap: one whose request stalls has some 11 KB of it, and a third of the heap is enough.
   */
  private static final int CONNECTION_BYTES = 32 << 10;

  /**
   * Where connections get their buffers. Jetty goes on filling the buffer of a request that it has
   * refused after giving it back, so one that went to another connection would take that one's
   * requests from this one's client: decision 14.
   */
  static final ByteBufferPool BUFFERS = ByteBufferPool.NON_POOLING;

  private static final List<HandlerType> METHODS =
      List.of(HandlerType.GET, HandlerType.HEAD, HandlerType.POST);

  private final HttpConfig config;
  private final long maxRequestBytes;
  private final int maxConnections;
  private final Access access;
  private final Reception reception;
  private final JettyErrors jettyErrors;
  private final FastLane lane;
  private final BooleanSupplier ready;
  private final Javalin javalin;

  /**
   * A server that does not listen yet.
   *
   * @param access who is answered
   * @param phase where the server is between its start and its end
   * @param accessLog whether to log every request
   * @param version the server's version, for its replies
   * @param drainTimeout how long {@link #stop} waits for requests under way
   * @param control loads and unloads models, if requests may do that; on this port if there is no
   *     other
   */
  public HttpServer(
      HttpConfig config,
      Access access,
      ModelRepository repository,
      Metrics metrics,
      Supplier<Phase> phase,
      boolean accessLog,
      String version,
      Duration drainTimeout,
      Optional<ModelControl> control) {
    this.config = config;
    this.maxRequestBytes = BodyMemory.SHARED.limit(config.maxRequestBytes());
    long heap = Runtime.getRuntime().maxMemory();
    this.maxConnections = maxConnections(config.maxConnections(), heap);
    this.access = access;
    this.reception = new Reception(metrics, accessLog, access.gate());
    this.jettyErrors = new JettyErrors(metrics);
    HealthHandler health = new HealthHandler(repository, phase, version);
    this.ready = health::isReady;
    List<Route> routes =
        new ArrayList<>(
            Routes.service(
                config,
                repository,
                metrics,
                health,
                version,
                control.filter(it -> access.isOnePort())));
    if (access.isOnePort()) {
      routes.add(Routes.metrics(metrics));
    }
    this.lane = new FastLane(routes, reception, maxRequestBytes);
    this.javalin = Javalin.create(javalinConfig -> configure(javalinConfig, routes, drainTimeout));
  }

  /** How many connections there may be at a time, with a heap of so many bytes. */
  static int maxConnections(int wanted, long heap) {
    return (int) Math.min(wanted, heap / CONNECTION_BYTES);
  }

  private void configure(JavalinConfig javalinConfig, List<Route> routes, Duration drainTimeout) {
    javalinConfig.startup.showJavalinBanner = false;
    javalinConfig.startup.startupWatcherEnabled = false;
    javalinConfig.startup.showOldJavalinVersionWarning = false;
    javalinConfig.http.compressionStrategy = CompressionStrategy.NONE;
    javalinConfig.jetty.threadPool = new QueuedThreadPool(config.threads(), 8);
    javalinConfig.jetty.modifyHttpConfiguration(HttpServer::configure);
    javalinConfig.jetty.addConnector(this::connector);
    javalinConfig.jetty.modifyServer(server -> configure(server, drainTimeout));
    javalinConfig.jetty.modifyServletContextHandler(
        context -> context.setErrorHandler(jettyErrors));
    for (Route route : routes) {
      for (HandlerType method : METHODS) {
        // Javalin parses the path anew for each: the others are not worth their time at the start.
        if (route.answers(method.name())) {
          javalinConfig.routes.addHttpHandler(
              method, route.path(), context -> receive(context, route.path(), route));
        }
      }
    }
    javalinConfig.routes.exception(
        HttpResponseException.class,
        (e, context) -> receive(context, "another path", unrouted(context, routes)));
  }

  static void configure(HttpConfiguration http) {
    // Javalin's default accepts encoded slashes and dots in the path.
    http.setUriCompliance(UriCompliance.DEFAULT);
    http.setSendServerVersion(false);
    http.setRequestHeaderSize(HEADER_BYTES);
    // From its second request on each connection would keep 100 KB.
    http.setHeaderCacheSize(0);
  }

  private Connector connector(Server server, HttpConfiguration http) {
    HttpConnectionFactory plain =
        config.fastLane()
            ? new LaneConnector.Connections(http, lane)
            : new HttpConnectionFactory(http);
    ConnectionFactory[] connections = access.connections(plain, ready);
    LastingConnector connector =
        config.fastLane()
            ? new LaneConnector(server, http, connections)
            : new LastingConnector(server, null, -1, -1, connections);
    connector.setHost(config.host());
    connector.setPort(config.port());
    // As many may wait to be accepted as there may be. The JDK would have 50 wait, and of a larger
    // burst the system drops the rest, to try again after a second, and resets some in the end.
    connector.setAcceptQueueSize(maxConnections);
    connector.setIdleTimeout(config.idleTimeout().toMillis());
    connector.addBean(new SlowRequests(connector, SlowRequests.PATIENCE));
    connector.addBean(new NetworkConnectionLimit(maxConnections, connector));
    return connector;
  }

  private void configure(Server server, Duration drainTimeout) {
    server.setErrorHandler(jettyErrors);
    server.insertHandler(new TrueMethod());
    if (config.fastLane()) {
      server.insertHandler(lane);
    }
    server.insertHandler(new LastingConnector.Announcement());
    // Without these two, stopping drops the requests that are under way.
    server.insertHandler(new GracefulHandler());
    server.setStopTimeout(drainTimeout.toMillis());
    server.setStopAtShutdown(false);
  }

  /** Answers what Javalin has no route for: another path, or another method. */
  private static Handler unrouted(Context context, List<Route> routes) {
    for (Route route : routes) {
      if (!route.answers(context.method().name()) && route.matches(context.path())) {
        return route;
      }
    }
    return exchange -> {
      throw new InferenceException(
          ErrorCode.NOT_FOUND, "there is no such path; see /v2, /health or /predict");
    };
  }

  private void receive(Context context, String what, Handler handler) {
    try (JavalinExchange exchange = new JavalinExchange(context, maxRequestBytes)) {
      reception.receive(exchange, what, handler);
    }
  }

  /**
   * Begins to listen.
   *
   * @return the port
   * @throws ListenException if the address is taken, or none of this machine
   */
  public int start() {
    if (maxRequestBytes < config.maxRequestBytes()) {
      log.info(
          "a request's body may have {} bytes at most, not {}: the heap has {}",
          maxRequestBytes,
          config.maxRequestBytes(),
          Runtime.getRuntime().maxMemory());
    }
    if (maxConnections < config.maxConnections()) {
      log.info(
          "there may be {} connections at a time, not {}: the heap has {}",
          maxConnections,
          config.maxConnections(),
          Runtime.getRuntime().maxMemory());
    }
    try {
      return javalin.start().port();
    } catch (JavalinBindException e) {
      throw new ListenException(config.host(), config.port(), e);
    }
  }

  /**
   * Takes no more connections, waits for the requests under way, and ends.
   *
   * @return whether all of them were answered in time
   */
  public boolean stop() {
    try {
      javalin.stop();
      return true;
    } catch (JavalinException e) {
      log.debug("Jetty did not end in time", e);
      return false;
    }
  }
}
