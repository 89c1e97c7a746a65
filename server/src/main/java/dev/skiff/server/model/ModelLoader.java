package dev.skiff.server.model;

import dev.skiff.server.batching.Scheduler;
import dev.skiff.server.config.ModelConfig;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.runtime.ExecutionProvider;
import dev.skiff.server.runtime.ModelLoadException;
import dev.skiff.server.runtime.OnnxRuntime;
import dev.skiff.server.runtime.OnnxSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns the files of one version into a model that can run, warm. Thread-safe. */
final class ModelLoader {
  private static final Logger log = LoggerFactory.getLogger(ModelLoader.class);

  private ModelLoader() {}

  static LoadedModel load(OnnxRuntime runtime, ScannedModel model, long version, ModelConfig config)
      throws ModelLoadException {
    List<String> labels = labels(model.folder().resolve("labels.txt"));
    Path file = model.versions().get(version);
    if (file == null) {
      throw new ModelLoadException("version " + version + " is not there");
    }
    OnnxSession session =
        runtime.open(file, new ExecutionProvider.Cpu(config.runtime().intraOpThreads()));
    try {
      WarmUp.run(session, config.warmUpShapes());
    } catch (InferenceException e) {
      log.warn(
          "model '{}' could not be warmed on made-up data ({}); give it warm-up-shapes in model.json",
          model.name(),
          e.reason());
    }
    return new LoadedModel(
        session.inputs(),
        session.outputs(),
        labels,
        session.pool(),
        new Scheduler(session, config.runtime().concurrency(), config.runtime().queueLimit()),
        session::close);
  }

  private static List<String> labels(Path file) throws ModelLoadException {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new ModelLoadException("labels.txt cannot be read as UTF-8 text", e);
    }
  }
}
