package dev.skiff.server.http;

import dev.skiff.server.config.HttpConfig;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelRepository;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Every path that the server answers; {@code openapi.json} describes the same ones. */
final class Routes {
  private Routes() {}

  /** What clients ask for, and the probes; and model control, if that is to be here. */
  static List<Route> service(
      HttpConfig config,
      ModelRepository repository,
      Metrics metrics,
      HealthHandler health,
      String version,
      Optional<ModelControl> control) {
    Predictions predictions =
        new Predictions(
            repository,
            metrics,
            config.requestTimeout(),
            BodyMemory.SHARED.limit(config.maxRequestBytes()),
            config.threads());
    PredictHandler predict = new PredictHandler(predictions);
    InferHandler infer = new InferHandler(predictions);
    MetadataHandler metadata = new MetadataHandler(repository, version, control.isPresent());
    ModelHandler model = new ModelHandler(repository, metrics);
    List<Route> routes =
        new ArrayList<>(
            List.of(
                page("/", "/web/index.html", "text/html; charset=utf-8"),
                page("/console.js", "/web/console.js", "text/javascript; charset=utf-8"),
                page("/console.css", "/web/console.css", "text/css; charset=utf-8"),
                page("/openapi.json", "/openapi.json", Json.CONTENT_TYPE),
                Route.fastPost("/predict", predict),
                Route.fastPost("/predict/{model}", predict),
                Route.fastPost("/predict/{model}/{version}", predict),
                Route.get("/v2", metadata::server),
                Route.get("/v2/models/{model}", metadata::model),
                Route.get("/v2/models/{model}/ready", metadata::modelReady),
                Route.get("/v2/models/{model}/config", model::config),
                Route.get("/v2/models/{model}/stats", model::statistics),
                Route.fastPost("/v2/models/{model}/infer", infer),
                Route.get("/v2/models/{model}/versions/{version}", metadata::model),
                Route.get("/v2/models/{model}/versions/{version}/ready", metadata::modelReady),
                Route.get("/v2/models/{model}/versions/{version}/config", model::config),
                Route.get("/v2/models/{model}/versions/{version}/stats", model::statistics),
                Route.fastPost("/v2/models/{model}/versions/{version}/infer", infer)));
    routes.addAll(probes(health));
    control.ifPresent(found -> routes.addAll(control(found)));
    return routes;
  }

  /** What says how the server is; an orchestrator has no key, and learns no more than yes or no. */
  static List<Route> probes(HealthHandler health) {
    return List.of(
        Route.fastGet("/health", health::health),
        Route.fastGet("/health/live", health::live).unguarded(),
        Route.fastGet("/health/ready", health::ready).unguarded(),
        Route.fastGet("/v2/health/live", health::live).unguarded(),
        Route.fastGet("/v2/health/ready", health::ready).unguarded());
  }

  /** What changes which models are served. */
  static List<Route> control(ModelControl control) {
    RepositoryHandler handler = new RepositoryHandler(control);
    return List.of(
        Route.fastPost("/v2/repository/index", handler::index),
        Route.fastPost("/v2/repository/models/{model}/load", handler::load),
        Route.fastPost("/v2/repository/models/{model}/unload", handler::unload));
  }

  /** What Prometheus reads. */
  static Route metrics(Metrics metrics) {
    return Route.get(
        "/metrics",
        exchange ->
            exchange.reply(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                new Exchange.Body(metrics.scrape().getBytes(StandardCharsets.UTF_8))));
  }

  /** A file that is the same on every server. */
  private static Route page(String path, String file, String contentType) {
    return Route.get(path, new ResourceHandler(file, contentType)).unguarded();
  }
}
