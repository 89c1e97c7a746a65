package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.model.ModelVersion.Lease;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A folder of real models, of which "iris" is served, and the control over what is served. */
final class ControlledModels implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path FIXTURES = Path.of("src/test/fixtures");
  private static final RuntimeConfig DEFAULTS = RuntimeConfigs.of(1, 1, 1);

  final Path folder;
  final ModelRepository repository;
  private final List<String> told = new ArrayList<>();
  private Runnable beginning = () -> {};
  private Runnable loading = () -> {};
  private ModelControl control;

  ControlledModels(Path folder) throws IOException {
    this.folder = folder;
    put("identity-fp32", "iris");
    repository = ModelRepository.scan(new RepositoryConfig(folder, Optional.empty()), DEFAULTS);
    repository.load(OnnxRuntime::load).join();
    control = control(PATIENCE);
  }

  /** Puts a model of the fixtures there; at "" it is the lone one. */
  void put(String fixture, String place) throws IOException {
    Path to = Files.createDirectories(folder.resolve(place));
    Files.copy(FIXTURES.resolve(fixture).resolve("model.onnx"), to.resolve("model.onnx"));
  }

  Collection<Long> load(String model) {
    return control.load(model);
  }

  void unload(String model) {
    control.unload(model);
  }

  /** Ends the control, as a server that stops does. */
  void stop() {
    control.stop();
    assertThat(ends(0)).isTrue();
  }

  /** Whether the last operation ends within so many nanoseconds. */
  boolean ends(long nanos) {
    return control.awaitLast(nanos);
  }

  /** From now on, with another patience for requests of models that have gone. */
  void patience(Duration patience) {
    control = control(patience);
  }

  /** Does something before each operation. */
  void beginning(Runnable action) {
    beginning = action;
  }

  /** Does something while a model loads. */
  void loading(Runnable action) {
    loading = action;
  }

  /** What the observer was told, in order. */
  List<String> told() {
    return told;
  }

  /** What serves a model now. */
  LoadedModel target(String model) {
    try (Lease lease = repository.acquire(Optional.of(model), OptionalLong.empty())) {
      return lease.target();
    }
  }

  /** A line for each version, with the reason where it is unavailable. */
  List<String> index() {
    return control.index().entries().stream()
        .map(
            entry ->
                "%s %d %s"
                    .formatted(
                        entry.model(),
                        entry.version(),
                        entry.state() instanceof ModelState.Unavailable(String reason)
                            ? reason
                            : entry.state().label()))
        .toList();
  }

  @Override
  public void close() {
    assertThat(repository.close(0)).as("no lease is left").isTrue();
  }

  private ModelControl control(Duration patience) {
    return new ModelControl(
        repository,
        folder,
        DEFAULTS,
        () -> {
          loading.run();
          return OnnxRuntime.load();
        },
        new Told(),
        patience);
  }

  private final class Told implements ModelControl.Observer {
    @Override
    public void begins() {
      beginning.run();
    }

    @Override
    public void comes(ModelVersion version) {
      told.add("comes " + version.model() + " " + version.version());
    }

    @Override
    public void goes(String model, long version) {
      told.add("goes " + model + " " + version);
    }
  }
}
