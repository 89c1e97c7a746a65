package dev.skiff.server;

import dev.skiff.server.batching.Company;
import dev.skiff.server.batching.Outcome;
import dev.skiff.server.config.CommandLine;
import dev.skiff.server.config.ServerConfig;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelState;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Loads models, runs them and closes them, as the server does, round after round: the program that
 * {@code bench/leaks} watches with a leak checker. The end of each round is a native block of
 * {@link #MARK} bytes, allocated and freed. In the last rounds a session and an answer are left
 * open in each turn, so that the checker can show that it finds such a thing.
 */
final class ClosePaths {
  /** A size that nothing else has. */
  private static final long MARK = 7_654_328;

  /** As many of ONNX Runtime's functions as the server knows. */
  private static final int FUNCTIONS = 413;

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** Held, as its level is. Failures are wanted here. */
  private static final Logger LOG = Logger.getLogger("");

  private final ServerConfig config;
  private final OnnxRuntime runtime = OnnxRuntime.load();

  private ClosePaths(ServerConfig config) {
    this.config = config;
  }

  /** Takes the turns of a round, the rounds, the rounds with leaks, and the server's arguments. */
  public static void main(String... arguments) throws IOException, ReflectiveOperationException {
    LOG.setLevel(Level.OFF);
    String[] flags = List.of(arguments).subList(3, arguments.length).toArray(String[]::new);
    if (!(CommandLine.parse(flags, Map.of(), "leaks")
        instanceof CommandLine.Request.Serve(ServerConfig config))) {
      throw new IllegalArgumentException("these are no arguments to serve with");
    }
    ClosePaths paths = new ClosePaths(config);
    int turns = Integer.parseInt(arguments[0]);
    for (int round = Integer.parseInt(arguments[1]); round > 0; round--) {
      paths.round(turns, false);
    }
    for (int round = Integer.parseInt(arguments[2]); round > 0; round--) {
      paths.round(turns, true);
    }
    tellAddresses();
  }

  /** Says where the native libraries lie and where the functions of ONNX Runtime's C API begin. */
  @SuppressWarnings("SystemOut") // bench/leaks reads it
  private static void tellAddresses() throws IOException, ReflectiveOperationException {
    for (String mapping : Files.readAllLines(Path.of("/proc/self/maps"))) {
      if (mapping.contains(" r-xp ") && mapping.contains(".so")) {
        System.out.println("code " + mapping);
      }
    }
    Field handle = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("ortApiHandle");
    handle.setAccessible(true);
    MemorySegment table =
        MemorySegment.ofAddress(handle.getLong(null))
            .reinterpret(FUNCTIONS * ValueLayout.JAVA_LONG.byteSize());
    for (int i = 0; i < FUNCTIONS; i++) {
      System.out.println("function " + i + " " + table.getAtIndex(ValueLayout.JAVA_LONG, i));
    }
  }

  private void round(int turns, boolean leaking) {
    for (int turn = 0; turn < turns; turn++) {
      turn(leaking);
    }
    try (Arena arena = Arena.ofConfined()) {
      arena.allocate(MARK);
    }
  }

  private void turn(boolean leaking) {
    ModelRepository models = ModelRepository.scan(config.repository(), config.runtime());
    models.load(() -> runtime).join();
    for (ModelVersion version : models.all()) {
      if (version.state() instanceof ModelState.Ready) {
        try (ModelVersion.Lease lease = version.acquire()) {
          run(lease);
        }
      }
    }
    if (leaking) {
      leak(models);
    } else if (!models.close(PATIENCE.toMillis())) {
      throw new IllegalStateException("a model could not be freed");
    }
  }

  /** All that is meant to be freed is, but for an answer and a session that is still leased. */
  private static void leak(ModelRepository models) {
    ModelVersion.Lease lost = models.acquire(Optional.of("digits"), OptionalLong.empty());
    InferenceResponse _ = lost.target().batcher().run(zeros(lost.target(), 5));
    models.close(0);
  }

  private static void run(ModelVersion.Lease lease) {
    LoadedModel model = lease.target();
    for (int rows = 1; rows <= 3; rows++) {
      try (InferenceRequest request = zeros(model, rows)) {
        model.batcher().run(request).close();
      }
    }
    together(model, zeros(model, 1), zeros(model, 2));
    switch (lease.model()) {
      case "fails" -> {
        refused(model, integers(model, PATIENCE, "x", Shape.of(1), 99));
        together(model, zeros(model, 1), integers(model, PATIENCE, "x", Shape.of(1), 99));
      }
      case "huge" -> refused(model, integers(model, PATIENCE, "x", Shape.of(2), 1 << 23, 1 << 23));
      case "slow" ->
          refused(
              model,
              integers(model, Duration.ofMillis(5), "iterations", Shape.of(1), Long.MAX_VALUE));
      default -> {}
    }
  }

  /**
   * Runs them as one batch, or one by one where that fails; models that do not batch are left out.
   */
  private static void together(LoadedModel model, InferenceRequest... requests) {
    Company company = model.batcher().company();
    boolean all = true;
    for (InferenceRequest request : requests) {
      all &= company.add(model.batcher(), request);
    }
    if (all) {
      for (Outcome outcome : company.tryRun()) {
        if (outcome instanceof Outcome.Answer(InferenceResponse answer)) {
          answer.close();
        }
      }
    }
    List.of(requests).forEach(InferenceRequest::close);
  }

  private static void refused(LoadedModel model, InferenceRequest request) {
    try (request;
        InferenceResponse answer = model.batcher().run(request)) {
      throw new IllegalStateException("this was to fail: " + answer);
    } catch (InferenceException e) {
      // As it was meant to.
    }
  }

  /** A request with so many rows, where the model leaves that open. */
  private static InferenceRequest zeros(LoadedModel model, long rows) {
    Map<String, Tensor> inputs = new HashMap<>();
    for (TensorSpec spec : model.inputs()) {
      Shape shape = spec.shape();
      for (int axis = 0; axis < shape.rank(); axis++) {
        if (shape.dimension(axis) == Shape.DYNAMIC) {
          shape = shape.with(axis, axis == 0 ? rows : 2);
        }
      }
      inputs.put(spec.name(), zeros(model, spec.datatype(), shape));
    }
    return request(model, inputs, PATIENCE);
  }

  private static Tensor zeros(LoadedModel model, Datatype datatype, Shape shape) {
    if (datatype == Datatype.BYTES) {
      return Tensor.ofStrings(
          shape, Collections.nCopies(Math.toIntExact(shape.elements()), "\ud83d\ude00 and more"));
    }
    Tensor tensor = model.pool().acquire(datatype, shape);
    for (int at = 0; at < tensor.data().limit(); at++) {
      tensor.data().put(at, (byte) 0);
    }
    return tensor;
  }

  /** A request with these numbers in one input, and zeros in the others. */
  private static InferenceRequest integers(
      LoadedModel model, Duration patience, String input, Shape shape, long... values) {
    InferenceRequest zeros = zeros(model, 1);
    Tensor tensor = model.pool().acquire(Datatype.INT64, shape);
    tensor.data().asLongBuffer().put(values);
    Map<String, Tensor> inputs = new HashMap<>(zeros.inputs());
    Optional.ofNullable(inputs.put(input, tensor)).ifPresent(Tensor::close);
    return request(model, inputs, patience);
  }

  private static InferenceRequest request(
      LoadedModel model, Map<String, Tensor> inputs, Duration patience) {
    List<String> outputs = new ArrayList<>();
    model.outputs().forEach(output -> outputs.add(output.name()));
    return new InferenceRequest(inputs, outputs, Deadline.after(patience));
  }
}
