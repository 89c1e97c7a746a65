package dev.skiff.server.http;

import dev.skiff.server.config.HttpConfig;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion;
import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import javax.net.SocketFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests that the server sends itself in its first seconds, while nobody else does, so that the
 * JVM has compiled the way of a prediction when clients come. It pauses while they do. They take
 * the fast lane as any others, through a connector of their own on the loopback interface, in TLS
 * if clients need it and no certificate, and nothing counts or logs them; a slow model runs for the
 * first of them only. Its threads run behind the compilers, whose work is what it is for, where the
 * JVM minds priorities, as in the images. It ends by itself. Started once; closed by any thread,
 * however often, before it starts too.
 */
public final class Rehearsal implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Rehearsal.class);

  /** How long nobody may have asked for a prediction before it goes on, in milliseconds. */
  private static final int PAUSE = 100;

  /** So many that the lane finds several requests at once and joins them, as it does under load. */
  private static final int CONNECTIONS = 32;

  /** So many turns, and one of the connections is a new one: clients come and go. */
  private static final int TURNS = 16;

  private final HttpConfig config;
  private final Access access;
  private final ModelRepository repository;
  private final Metrics metrics;
  private final BiConsumer<ModelVersion, Metrics> count;
  private final Thread thread =
      Thread.ofPlatform().daemon().name("skiff-rehearsal").unstarted(this::run);
  private final AtomicInteger sent = new AtomicInteger();
  private volatile boolean closed;

  /**
   * A rehearsal of the models that are ready when it starts.
   *
   * @param access of the server; it says whether connections are encrypted
   * @param metrics of the server; they tell when clients ask for predictions
   * @param count counts the runs of a model as the server does, but in other metrics
   */
  public Rehearsal(
      HttpConfig config,
      Access access,
      ModelRepository repository,
      Metrics metrics,
      BiConsumer<ModelVersion, Metrics> count) {
    this.config = config;
    this.access = access;
    this.repository = repository;
    this.metrics = metrics;
    this.count = count;
  }

  /** Begins; does nothing if it is turned off. */
  @SuppressWarnings("ThreadPriorityCheck") // nothing is right or wrong by it
  public synchronized void start() {
    if (config.fastLane() && config.rehearsal().isPositive() && !closed) {
      thread.setPriority(Thread.MIN_PRIORITY);
      thread.start();
    }
  }

  /** Has it end with the predictions that are under way; its leases last until then. */
  public synchronized void end() {
    closed = true;
    notifyAll();
  }

  /** Ends it, if it has not ended, and waits until it has let go of the models. */
  @Override
  public void close() {
    end();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long end = System.nanoTime() + config.rehearsal().toNanos();
    ModelRepository models = repository.rehearsed();
    try (Metrics uncounted = new Metrics()) {
      models.all().forEach(version -> count.accept(version, uncounted));
      Server jetty = jetty(models, uncounted);
      try {
        jetty.start();
        int port = ((ServerConnector) jetty.getConnectors()[0]).getLocalPort();
        send(RehearsedRequests.of(models), port, end);
        log.debug("rehearsed {} predictions", sent);
      } finally {
        jetty.stop();
      }
    } catch (Exception e) {
      // The server is only slower at first.
      log.warn("the rehearsal failed: {}", e.toString());
    } finally {
      models.close(config.requestTimeout().toMillis());
    }
  }

  /** The lane alone, as it stands in the server. */
  private Server jetty(ModelRepository models, Metrics uncounted) {
    Predictions predictions =
        new Predictions(
            models, uncounted, config.requestTimeout(), config.maxRequestBytes(), config.threads());
    List<Route> routes =
        List.of(
            Route.fastPost("/predict/{model}", new PredictHandler(predictions)),
            Route.fastPost("/v2/models/{model}/infer", new InferHandler(predictions)));
    Reception reception = new Reception(uncounted, false);
    Server jetty = new Server();
    HttpConfiguration http = new HttpConfiguration();
    HttpServer.configure(http);
    FastLane lane = new FastLane(routes, reception, config.maxRequestBytes());
    LaneConnector connector =
        new LaneConnector(jetty, http, access.rehearsed(new LaneConnector.Connections(http, lane)));
    connector.runBehindOthers();
    connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
    jetty.addConnector(connector);
    jetty.setHandler(new GracefulHandler(lane));
    return jetty;
  }

  /** How many requests it has sent. */
  int sent() {
    return sent.get();
  }

  /** Whether it has begun and not ended. */
  boolean isRunning() {
    return thread.isAlive();
  }

  /** Sends the requests in turns, those that are answered well. */
  private void send(List<byte[]> requests, int port, long end)
      throws GeneralSecurityException, IOException, InterruptedException {
    SocketFactory sockets = access.rehearsing();
    List<LoopbackClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        clients.add(new LoopbackClient(sockets, port));
      }
      List<byte[]> good = new ArrayList<>();
      for (byte[] request : requests) {
        if (goesOn(end)) {
          clients.getFirst().send(request);
          if (clients.getFirst().isAnswered()) {
            good.add(request);
          }
        }
      }
      for (int turn = 0; !good.isEmpty() && goesOn(end); turn++) {
        if (turn % TURNS == TURNS - 1) {
          clients.removeFirst().close();
          clients.add(new LoopbackClient(sockets, port));
        }
        for (LoopbackClient client : clients) {
          client.send(good.get(turn % good.size()));
          sent.getAndIncrement();
        }
        for (LoopbackClient client : clients) {
          client.isAnswered();
        }
      }
    } finally {
      for (LoopbackClient client : clients) {
        client.close();
      }
    }
  }

  /** Whether there is time for one more; waits while clients are there. */
  private synchronized boolean goesOn(long end) throws InterruptedException {
    while (!closed && System.nanoTime() - end < 0) {
      if (metrics.isQuiet(PAUSE)) {
        return true;
      }
      wait(PAUSE);
    }
    return false;
  }
}
