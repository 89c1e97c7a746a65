package dev.skiff.server.http;

import dev.skiff.server.config.ManagementConfig;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelRepository;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics, probes and model control on a port of their own, for those who operate the server: in
 * plain HTTP, by threads of its own, and until the server has ended. Starts and stops once, from
 * one thread.
 */
public final class ManagementServer {
  private static final Logger log = LoggerFactory.getLogger(ManagementServer.class);

  /** One accepts, one selects and answers, the others take their place meanwhile. */
  private static final int THREADS = 4;

  /** Operations on models hold these while they last. */
  private static final int CONTROL_THREADS = 4;

  private static final long IDLE_MILLIS = 30_000;

  /** Operations have ended before it ends; what is left is to write their replies. */
  private static final long PATIENCE_MILLIS = 1_000;

  /** Of those who operate a server there are few. */
  static final int MOST_CONNECTIONS = 100;

  private final ManagementConfig config;
  private final Server jetty;
  private final ServerConnector connector;

  /**
   * A server that does not listen yet.
   *
   * @param phase where the server is between its start and its end
   * @param accessLog whether to log every request
   * @param version the server's version, for its replies
   * @param access who may control models
   * @param control loads and unloads models, if requests may do that
   */
  public ManagementServer(
      ManagementConfig config,
      ModelRepository repository,
      Metrics metrics,
      Supplier<Phase> phase,
      boolean accessLog,
      String version,
      Access access,
      Optional<ModelControl> control) {
    this.config = config;
    int most = control.isPresent() ? THREADS + CONTROL_THREADS : THREADS;
    QueuedThreadPool threads = new QueuedThreadPool(most, THREADS);
    threads.setName("skiff-management");
    threads.setReservedThreads(0);
    jetty = new Server(threads);
    HttpConfiguration http = new HttpConfiguration();
    HttpServer.configure(http);
    connector =
        new ServerConnector(
            jetty, null, null, HttpServer.BUFFERS, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(config.host());
    connector.setPort(config.port());
    connector.setIdleTimeout(IDLE_MILLIS);
    connector.addBean(new SlowRequests(connector, SlowRequests.PATIENCE));
    connector.addBean(new NetworkConnectionLimit(MOST_CONNECTIONS, connector));
    jetty.addConnector(connector);
    List<Route> routes = new ArrayList<>();
    // Who only looks needs no key here; who changes something does.
    HealthHandler health = new HealthHandler(repository, phase, version);
    Routes.probes(health).forEach(probe -> routes.add(probe.unguarded()));
    routes.add(Route.fastGet("/metrics", Routes.metrics(metrics)).unguarded());
    control.ifPresent(found -> routes.addAll(Routes.control(found)));
    Reception reception = new Reception(metrics, accessLog, access.gate());
    int largest = control.isPresent() ? RepositoryHandler.LARGEST_BODY : 0;
    jetty.setHandler(new GracefulHandler(new FastLane(routes, reception, largest)));
    jetty.setStopTimeout(PATIENCE_MILLIS);
    jetty.setErrorHandler(new JettyErrors(metrics));
  }

  /**
   * Begins to listen.
   *
   * @return the port
   * @throws ListenException if the address is taken, or none of this machine
   */
  public int start() {
    try {
      jetty.start();
    } catch (Exception e) {
      stop();
      throw new ListenException(config.host(), config.port(), e);
    }
    return connector.getLocalPort();
  }

  /** Ends when the replies under way are out, but soon. */
  public void stop() {
    try {
      jetty.stop();
    } catch (Exception e) {
      log.debug("the management port did not end well", e);
    }
  }
}
