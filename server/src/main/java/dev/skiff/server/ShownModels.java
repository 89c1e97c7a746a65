package dev.skiff.server;

import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.model.Placement;

/**
 * What the metrics show of the models. Gauges ask for whichever model has the name and number at
 * the moment, so they are made once, however often it is loaded anew. Thread-safe.
 */
record ShownModels(ModelRepository repository, Metrics metrics) {

  /** Counts its runs. */
  static void count(ModelVersion version, Metrics metrics) {
    version.listen(
        (rows, join, run, split) ->
            metrics.model(version.model(), version.version()).ran(rows, join, run, split));
  }

  /** Shows its state and its queue. */
  void watch(ModelVersion version) {
    String model = version.model();
    long number = version.version();
    for (String state : new String[] {"loading", "ready", "unavailable"}) {
      metrics.modelState(
          model,
          number,
          state,
          () ->
              repository
                  .served(model, number)
                  .filter(found -> found.state().label().equals(state))
                  .isPresent());
    }
    metrics.queueSize(
        model, number, () -> repository.served(model, number).map(ModelVersion::waiting).orElse(0));
  }

  /**
   * Shows where it runs, once it is loaded. Its meters are there from now on: they are not for a
   * prediction to make, for which it would be compiled anew.
   */
  void showLoaded(ModelVersion version) {
    metrics.model(version.model(), version.version());
    version.placement().ifPresent(placement -> show(version.model(), version.version(), placement));
  }

  private void show(String model, long number, Placement placement) {
    for (String provider : placement.nodes().keySet()) {
      metrics.modelNodes(
          model,
          number,
          provider,
          () ->
              repository
                  .served(model, number)
                  .flatMap(ModelVersion::placement)
                  .map(found -> found.nodes().getOrDefault(provider, 0))
                  .orElse(0));
    }
    placement.device().ifPresent(metrics::bindGpu);
  }
}
