package dev.skiff.server.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.skiff.server.batching.Runner;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.inference.Value;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One model, loaded. {@link #run} is thread-safe. {@link #close} is not, with runs under way: it
 * would end the process, so whoever closes makes sure that nobody runs (the lease of {@code
 * ModelVersion}).
 *
 * <p>Inputs are read where they lie; outputs whose shape is known beforehand are written straight
 * into pooled tensors (in a 64-128-10 network that halves the cost of a call).
 */
public final class OnnxSession implements Runner, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OnnxSession.class);
  private static final long POOL_BYTES = 64L << 20;

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final DeadlineWatch watch;
  private final SessionFailures failures;
  private final NodePlacement placement;
  private final List<TensorSpec> inputs;
  private final List<TensorSpec> outputs;
  private final TensorPool pool;
  private final PinnedOutputs pinnedOutputs;

  private OnnxSession(
      OrtEnvironment environment,
      OrtSession session,
      ExecutionProvider provider,
      DeadlineWatch watch,
      SessionFailures failures)
      throws OrtException, ModelLoadException {
    this.environment = environment;
    this.session = session;
    this.watch = watch;
    this.failures = failures;
    // On the CPU alone there is nothing to find out, and its sessions have kept nothing.
    this.placement =
        provider instanceof ExecutionProvider.Accelerator
            ? NodePlacement.of(session)
            : NodePlacement.UNKNOWN;
    Collection<NodeInfo> inputNodes = session.getInputInfo().values();
    List<TensorSpec> inputSpecs = new ArrayList<>();
    for (NodeInfo node : inputNodes) {
      inputSpecs.add(OnnxTypes.input(node));
    }
    Map<NodeInfo, TensorSpec> outputSpecs = new LinkedHashMap<>();
    for (NodeInfo node : session.getOutputInfo().values()) {
      outputSpecs.put(node, OnnxTypes.output(node));
    }
    inputs = List.copyOf(inputSpecs);
    outputs = List.copyOf(outputSpecs.values());
    // Last, for it is kept until it is closed, and nobody closes it if this fails.
    pool = new TensorPool(POOL_BYTES);
    pinnedOutputs = new PinnedOutputs(pool);
    outputSpecs.forEach((node, spec) -> pinnedOutputs.guess(spec, node, inputNodes));
  }

  /**
   * Opens a model.
   *
   * @param watch ends its runs when their deadlines pass
   * @param gpuLost told why, once nothing can run on the GPU in this process any more
   */
  static OnnxSession open(
      OrtEnvironment environment,
      Path file,
      ExecutionProvider provider,
      DeadlineWatch watch,
      Consumer<String> gpuLost)
      throws ModelLoadException {
    SessionFailures failures = new SessionFailures(provider, gpuLost);
    OrtSession session = null;
    try (SessionOptions options = SessionSettings.of(provider)) {
      session = environment.createSession(file.toString(), options);
      return new OnnxSession(environment, session, provider, watch, failures);
    } catch (OrtException e) {
      ModelLoadException failure = failures.ofLoad(e);
      closeQuietly(session);
      throw failure;
    } catch (ModelLoadException e) {
      closeQuietly(session);
      throw e;
    }
  }

  /** The inputs, in the graph's order. All of them are required. */
  public List<TensorSpec> inputs() {
    return inputs;
  }

  /** The outputs, in the graph's order. */
  public List<TensorSpec> outputs() {
    return outputs;
  }

  /** Where the nodes of the graph run; nothing is known of a session on the CPU, which has all. */
  public NodePlacement placement() {
    return placement;
  }

  /**
   * What the last run that failed for a fault of the GPU or its libraries met, as the reason not to
   * serve the model; nothing if none did.
   */
  public Optional<ModelLoadException> fault() {
    return failures.fault();
  }

  /** Where tensors for this model's inputs come from. */
  public TensorPool pool() {
    return pool;
  }

  @Override
  public InferenceResponse run(InferenceRequest request) {
    Map<String, Tensor> pinned = pinnedOutputs.acquire(request);
    try {
      return run(request, pinned);
    } catch (OrtException e) {
      pinned.values().forEach(Tensor::close);
      if (!OrtFailure.isWrongShape(e)) {
        throw failed(e);
      }
    } catch (RuntimeException e) {
      pinned.values().forEach(Tensor::close);
      throw e;
    }
    // A shape that depends on the data after all: from now on ONNX Runtime allocates these outputs.
    try {
      InferenceResponse response = run(request, Map.of());
      pinnedOutputs.forget(pinned.keySet());
      return response;
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  /**
   * Runs the model and learns from the answer which outputs have a shape that can be told
   * beforehand. Called with several requests of different shapes while nobody else runs the model.
   */
  public void learn(InferenceRequest request) {
    try (InferenceResponse response = run(request, Map.of())) {
      pinnedOutputs.learn(request, response);
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  /** Frees the model. Nobody may be running it, nor run it afterwards. */
  @Override
  public void close() {
    pool.close();
    closeQuietly(session);
  }

  private InferenceResponse run(InferenceRequest request, Map<String, Tensor> pinned)
      throws OrtException {
    Map<String, OnnxTensor> arguments = HashMap.newHashMap(request.inputs().size());
    List<OnnxTensor> temporary = new ArrayList<>(0);
    try {
      for (Map.Entry<String, Tensor> input : request.inputs().entrySet()) {
        arguments.put(input.getKey(), argument(input.getValue(), temporary));
      }
      Map<String, OnnxTensor> results = HashMap.newHashMap(pinned.size());
      pinned.forEach((name, tensor) -> results.put(name, handle(tensor)));
      Set<String> unpinned = unpinned(request.outputs(), pinned.keySet());

      try (DeadlineWatch.Run run = watch.begin(request.deadline())) {
        long start = System.nanoTime();
        try (OrtSession.Result result = run(run, arguments, unpinned, results)) {
          long nanos = System.nanoTime() - start;
          return new InferenceResponse(collect(request.outputs(), pinned, result), 0, nanos);
        }
      }
    } finally {
      temporary.forEach(OnnxTensor::close);
    }
  }

  /** Runs to the end, or until it is told to end. */
  private OrtSession.Result run(
      DeadlineWatch.Run run,
      Map<String, OnnxTensor> arguments,
      Set<String> unpinned,
      Map<String, OnnxTensor> results)
      throws OrtException {
    try {
      return session.run(arguments, unpinned, results, run.options());
    } catch (OrtException e) {
      if (run.isToldToEnd() && !failures.isFaultOfGpu(e)) {
        throw Deadline.exceeded("while the model ran");
      }
      throw e;
    }
  }

  private static Set<String> unpinned(List<String> outputs, Set<String> pinned) {
    if (pinned.size() == outputs.size()) {
      return Set.of();
    }
    Set<String> unpinned = new LinkedHashSet<>(outputs);
    unpinned.removeAll(pinned);
    return unpinned;
  }

  private SequencedMap<String, Value> collect(
      List<String> names, Map<String, Tensor> pinned, OrtSession.Result result)
      throws OrtException {
    SequencedMap<String, Value> values = LinkedHashMap.newLinkedHashMap(names.size());
    List<Value> copies = new ArrayList<>(0);
    try {
      for (String name : names) {
        Tensor known = pinned.get(name);
        if (known != null) {
          values.put(name, known);
        } else {
          Value copy = OnnxValues.copy(result.get(name).orElseThrow(), pool);
          copies.add(copy);
          values.put(name, copy);
        }
      }
      return values;
    } catch (OrtException | RuntimeException e) {
      copies.forEach(Value::close);
      throw e;
    }
  }

  private OnnxTensor argument(Tensor tensor, List<OnnxTensor> temporary) throws OrtException {
    if (tensor.datatype() != Datatype.BYTES) {
      return handle(tensor);
    }
    OnnxTensor strings = StringTensors.create(environment, tensor);
    temporary.add(strings);
    return strings;
  }

  private OnnxTensor handle(Tensor tensor) {
    return tensor.handle(TensorHandle.class, this::wrap).tensor();
  }

  private TensorHandle wrap(Tensor tensor) {
    try {
      return TensorHandle.of(tensor, environment);
    } catch (OrtException e) {
      throw failed(e);
    }
  }

  private RuntimeException failed(OrtException e) {
    // Without its stack, which is always the same: requests can make a model fail as they like.
    log.warn("a model failed to run: {}", OrtFailure.reason(e));
    return failures.ofRun(e);
  }

  private static void closeQuietly(@Nullable OrtSession session) {
    if (session != null) {
      try {
        session.close();
      } catch (OrtException e) {
        log.warn("closing a model failed", e);
      }
    }
  }
}
