package dev.skiff.server.model;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.ModelConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.runtime.ModelLoadException;
import dev.skiff.server.runtime.OnnxRuntime;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model as its folder wants it to be served.
 *
 * @param scanned what lies there
 * @param config what its {@code model.json} says
 */
record WantedModel(ScannedModel scanned, ModelConfig config) {
  private static final Logger log = LoggerFactory.getLogger(WantedModel.class);

  /**
   * Reads the model's {@code model.json}.
   *
   * @throws ConfigException if that is wrong
   */
  static WantedModel read(ScannedModel scanned, RuntimeConfig defaults) {
    return new WantedModel(
        scanned, ModelConfig.read(scanned.folder().resolve("model.json"), defaults));
  }

  /** The numbers of the versions to be served; some may be missing. */
  Collection<Long> versions() {
    return switch (config.versions()) {
      case ModelConfig.VersionPolicy.Latest() -> List.of(scanned.versions().lastKey());
      case ModelConfig.VersionPolicy.All() -> scanned.versions().keySet();
      case ModelConfig.VersionPolicy.Only(var versions) -> versions;
    };
  }

  /**
   * Loads and warms one version, which is ready or unavailable afterwards.
   *
   * @param runtime gives ONNX Runtime, which may still be on its way
   */
  void load(Supplier<OnnxRuntime> runtime, ModelVersion version) {
    String name = scanned.name();
    long number = version.version();
    long start = System.nanoTime();
    try {
      version.publish(ModelLoader.load(runtime.get(), scanned, number, config, version.listener()));
      log.info(
          "model '{}' version {} is ready after {} ms",
          name,
          number,
          (System.nanoTime() - start) / 1_000_000);
    } catch (ModelLoadException e) {
      version.fail(e.reason());
      log.error("model '{}' version {} is unavailable: {}", name, number, e.reason());
      log.debug("what ONNX Runtime said of it", e);
    } catch (RuntimeException | LinkageError e) {
      version.fail("it failed to load; the log says why");
      log.error("model '{}' version {} failed to load", name, number, e);
    }
  }
}
