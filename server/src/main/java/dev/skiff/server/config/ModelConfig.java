package dev.skiff.server.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a model's {@code model.json} says, or the defaults where it does not or is not there.
 *
 * @param isDefault whether this model is meant when a path names none
 * @param versions which of the versions on disk are served
 * @param runtime how the model is run
 * @param warmUpShapes by input, the shape of the made-up data of the first runs, where the open
 *     dimensions other than the batch cannot all be 1
 */
public record ModelConfig(
    boolean isDefault,
    VersionPolicy versions,
    RuntimeConfig runtime,
    Map<String, List<Long>> warmUpShapes) {
  private static final int MAX_BATCH = 1_000_000;

  public ModelConfig {
    warmUpShapes = Map.copyOf(warmUpShapes);
  }

  /** Which versions of a model are served. */
  public sealed interface VersionPolicy {
    /** The highest. */
    record Latest() implements VersionPolicy {}

    /** All that are there. */
    record All() implements VersionPolicy {}

    /** These. */
    record Only(SortedSet<Long> versions) implements VersionPolicy {}
  }

  /** The configuration of a model without a file of its own. */
  public static ModelConfig defaults(RuntimeConfig runtime) {
    return new ModelConfig(false, new VersionPolicy.Latest(), runtime, Map.of());
  }

  /**
   * Reads a model's file, if there is one.
   *
   * @throws ConfigException if it has an unknown key or a wrong value; the message names only the
   *     file's name, not its folder
   */
  public static ModelConfig read(Path file, RuntimeConfig runtime) {
    if (!Files.exists(file)) {
      return defaults(runtime);
    }
    return of(JsonFile.read(file, "model.json"), runtime);
  }

  private static ModelConfig of(JsonNode root, RuntimeConfig runtime) {
    boolean isDefault = false;
    VersionPolicy versions = new VersionPolicy.Latest();
    OptionalInt intraOpThreads = runtime.intraOpThreads();
    OptionalInt concurrency = runtime.concurrency();
    int queueLimit = runtime.queueLimit();
    long queueBytes = runtime.queueBytes();
    BatchingConfig.Mode batching = runtime.batching().mode();
    OptionalInt maxBatchSize = runtime.batching().maxBatchSize();
    SortedSet<Integer> preferred = runtime.batching().preferredBatchSizes();
    Duration queueDelay = runtime.batching().queueDelay();
    ProviderConfig provider = runtime.provider();
    Map<String, List<Long>> warmUpShapes = Map.of();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      JsonNode value = entry.getValue();
      Setting setting = setting("model.json: " + entry.getKey(), value);
      switch (entry.getKey()) {
        case "default" -> isDefault = setting.flag();
        case "versions" -> versions = policy(value, setting);
        case "intra-op-threads" -> intraOpThreads = setting.countOrAuto();
        case "concurrency" -> concurrency = setting.countOrAuto();
        case "queue-limit" -> queueLimit = setting.count(0, 1_000_000);
        case "queue-bytes" -> queueBytes = setting.bytes();
        case "batching" -> batching = setting.choice(BatchingConfig.Mode.class);
        case "max-batch-size" -> maxBatchSize = OptionalInt.of(setting.count(1, MAX_BATCH));
        case "preferred-batch-sizes" -> preferred = sizes(value, setting);
        case "queue-delay" -> queueDelay = setting.duration();
        case "provider" ->
            provider = provider.withChoice(setting.choice(ProviderConfig.Choice.class));
        case "gpu-device" ->
            provider = provider.withDevice(setting.count(0, ProviderConfig.MAX_DEVICE));
        case "gpu-memory-limit" -> provider = provider.withMemoryLimit(setting.bytesOrNone());
        case "require-full-gpu" -> provider = provider.withRequireFullGpu(setting.flag());
        case "cuda-options" -> provider = provider.withCudaOptions(cudaOptions(value, setting));
        case "warm-up-shapes" -> warmUpShapes = shapes(value, setting);
        default -> throw new ConfigException(setting.origin() + ": unknown key");
      }
    }
    if (maxBatchSize.isPresent()
        && !preferred.isEmpty()
        && preferred.last() > maxBatchSize.getAsInt()) {
      throw new ConfigException(
          "model.json: preferred-batch-sizes: expected at most max-batch-size, %d, got '%d'"
              .formatted(maxBatchSize.getAsInt(), preferred.last()));
    }
    return new ModelConfig(
        isDefault,
        versions,
        new RuntimeConfig(
            intraOpThreads,
            concurrency,
            queueLimit,
            queueBytes,
            new BatchingConfig(batching, maxBatchSize, preferred, queueDelay),
            provider),
        warmUpShapes);
  }

  private static VersionPolicy policy(JsonNode value, Setting setting) {
    if (value.isArray() && !value.isEmpty()) {
      SortedSet<Long> versions = new TreeSet<>();
      value.forEach(
          version -> versions.add((long) element(setting, version).count(1, Integer.MAX_VALUE)));
      return new VersionPolicy.Only(versions);
    }
    return switch (value.asText()) {
      case "latest" -> new VersionPolicy.Latest();
      case "all" -> new VersionPolicy.All();
      default -> throw setting.wrong("latest, all or a list of versions");
    };
  }

  private static SortedMap<String, String> cudaOptions(JsonNode value, Setting setting) {
    if (!value.isTextual()) {
      throw setting.wrong("a text of pairs such as use_tf32=0,prefer_nhwc=1");
    }
    return setting.cudaOptions();
  }

  private static SortedSet<Integer> sizes(JsonNode value, Setting setting) {
    if (!value.isArray()) {
      throw setting.wrong("a list of batch sizes");
    }
    SortedSet<Integer> sizes = new TreeSet<>();
    value.forEach(size -> sizes.add(element(setting, size).count(1, MAX_BATCH)));
    return sizes;
  }

  private static Map<String, List<Long>> shapes(JsonNode value, Setting setting) {
    if (!value.isObject()) {
      throw setting.wrong("a list of dimensions for each input");
    }
    Map<String, List<Long>> shapes = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      JsonNode list = entry.getValue();
      Setting shape = setting(setting.origin() + ": " + entry.getKey(), list);
      if (!list.isArray()) {
        throw shape.wrong("a list of dimensions");
      }
      List<Long> dimensions = new ArrayList<>();
      list.forEach(d -> dimensions.add((long) element(shape, d).count(1, Integer.MAX_VALUE)));
      shapes.put(entry.getKey(), List.copyOf(dimensions));
    }
    return shapes;
  }

  private static Setting element(Setting list, JsonNode element) {
    return setting(list.origin(), element);
  }

  /** A text as it is, anything else as JSON has it. */
  private static Setting setting(String origin, JsonNode value) {
    return new Setting(origin, value.isContainerNode() ? value.toString() : value.asText());
  }
}
